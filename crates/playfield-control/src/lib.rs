//! HTTP API and embedded web, catalogue, sessions
