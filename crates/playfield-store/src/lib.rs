//! What outlives a process: the database, the bus and the blobs
