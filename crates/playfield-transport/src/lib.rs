//! The IP sockets that carry media and input
