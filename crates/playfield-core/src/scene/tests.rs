//! What must hold of every street.
