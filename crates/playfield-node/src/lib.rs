//! The agent: starts, limits and watches workers
