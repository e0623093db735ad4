//! The worker: ties guest, media and transport together
