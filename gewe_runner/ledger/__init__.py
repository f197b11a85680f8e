"""The only room with SQL: what was planned, begun and answered, and who may send through which device."""
