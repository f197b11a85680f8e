"""The rooms one by one; the folders mirror the package."""
