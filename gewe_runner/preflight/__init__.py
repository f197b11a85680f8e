"""What can be known before a send: covers, devices, contacts; the other room that opens sockets."""
