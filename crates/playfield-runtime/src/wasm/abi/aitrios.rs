//! What an AITRIOS edge app may import: the calls of EVP, SensCord, the system and wasi-nn, and the part of WASI preview 1 that such
//! apps need. Names and types are theirs; `docs/reference/aitrios.md` says what each does here.

use playfield_core::app::aitrios::{ESF, EVP, NN, SENSCORD, THREADS, WASI};
use wasmparser::Import;
use wasmparser::ValType::F32;

use super::{Function, Group, I1, I2, I3, I4, I6, I32, I64, f};

/// Module name of what is no standard.
const ENV: &str = "env";
const I5: &[wasmparser::ValType] = &[I32, I32, I32, I32, I32];
const I7: &[wasmparser::ValType] = &[I32, I32, I32, I32, I32, I32, I32];
const L1: &[wasmparser::ValType] = &[I64];
const LI: &[wasmparser::ValType] = &[I64, I32];
const LII: &[wasmparser::ValType] = &[I64, I32, I32];
const LIII: &[wasmparser::ValType] = &[I64, I32, I32, I32];

/// All of it, with the group that each is told as.
#[rustfmt::skip]
pub const AITRIOS: &[(&str, Group)] = &[
    (EVP, Group { module: ENV, functions: &[
        f("EVP_initialize", &[], I1),
        f("EVP_getWorkspaceDirectory", I2, I1),
        f("EVP_setConfigurationCallback", I3, I1),
        f("EVP_sendState", I6, I1),
        f("EVP_setMessageCallback", I3, I1),
        f("EVP_sendMessage", I6, I1),
        f("EVP_sendTelemetry", I5, I1),
        f("EVP_setRpcCallback", I3, I1),
        f("EVP_sendRpcResponse", &[I32, I64, I32, I32, I32, I32], I1),
        f("EVP_blobOperation", I7, I1),
        f("EVP_BlobRequestHttpExt_initialize", &[], I1),
        f("EVP_BlobRequestHttpExt_addHeader", I3, I1),
        f("EVP_BlobRequestHttpExt_addAzureHeader", I1, I1),
        f("EVP_BlobRequestHttpExt_setUrl", I2, I1),
        f("EVP_BlobRequestHttpExt_free", I1, &[]),
        f("EVP_processEvent", I2, I1),
        f("EVP_streamInputOpen", I5, I1),
        f("EVP_streamOutputOpen", I3, I1),
        f("EVP_streamClose", I2, I1),
        f("EVP_streamWrite", I4, I1),
    ] }),
    (SENSCORD, Group { module: ENV, functions: &[
        f("senscord_core_init", I1, I1),
        f("senscord_core_exit", &[I64], I1),
        f("senscord_core_open_stream", LII, I1),
        f("senscord_core_close_stream", &[I64, I64], I1),
        f("senscord_stream_start", &[I64], I1),
        f("senscord_stream_stop", &[I64], I1),
        f("senscord_stream_get_frame", LII, I1),
        f("senscord_stream_release_frame", &[I64, I64], I1),
        f("senscord_stream_get_property", LIII, I1),
        f("senscord_stream_set_property", LIII, I1),
        f("senscord_frame_get_sequence_number", LI, I1),
        f("senscord_frame_get_channel_from_channel_id", LII, I1),
        f("senscord_channel_get_channel_id", LI, I1),
        f("senscord_channel_get_raw_data", LI, I1),
        f("senscord_channel_get_raw_data_handle", LI, I1),
        f("senscord_channel_get_property", LIII, I1),
        f("senscord_get_last_error_level", &[], I1),
        f("senscord_get_last_error_cause", &[], I1),
        f("senscord_get_last_error_string", I3, I1),
        f("senscord_ub_create_stream", I5, L1),
        f("senscord_ub_create_stream_depth", &[I32, I32, I32, I32, I32, F32, F32, F32], L1),
        f("senscord_ub_send_data", LI, I1),
        f("senscord_ub_destroy_stream", L1, I1),
    ] }),
    (ESF, Group { module: ENV, functions: &[
        f("EsfCodecEncodeJpeg", I2, I1),
        f("EsfCodecJpegEncodeHandle", I4, I1),
        f("EsfCodecJpegEncodeRelease", I1, I1),
        f("EsfSystemGetDeviceID", I1, I1),
        f("EsfSensorLatencySetMode", I2, I1),
        f("EsfSensorLatencyGetTimestamps", LI, I1),
        f("EsfMemoryManagerPread", &[I32, I32, I32, I64, I32], I1),
    ] }),
    (WASI, Group { module: "wasi_snapshot_preview1", functions: &[
        f("args_get", I2, I1),
        f("args_sizes_get", I2, I1),
        f("environ_get", I2, I1),
        f("environ_sizes_get", I2, I1),
        f("clock_res_get", I2, I1),
        f("clock_time_get", &[I32, I64, I32], I1),
        f("fd_advise", &[I32, I64, I64, I32], I1),
        f("fd_allocate", &[I32, I64, I64], I1),
        f("fd_close", I1, I1),
        f("fd_datasync", I1, I1),
        f("fd_fdstat_get", I2, I1),
        f("fd_fdstat_set_flags", I2, I1),
        f("fd_fdstat_set_rights", &[I32, I64, I64], I1),
        f("fd_filestat_get", I2, I1),
        f("fd_filestat_set_size", &[I32, I64], I1),
        f("fd_filestat_set_times", &[I32, I64, I64, I32], I1),
        f("fd_pread", &[I32, I32, I32, I64, I32], I1),
        f("fd_prestat_get", I2, I1),
        f("fd_prestat_dir_name", I3, I1),
        f("fd_pwrite", &[I32, I32, I32, I64, I32], I1),
        f("fd_read", I4, I1),
        f("fd_readdir", &[I32, I32, I32, I64, I32], I1),
        f("fd_renumber", I2, I1),
        f("fd_seek", &[I32, I64, I32, I32], I1),
        f("fd_sync", I1, I1),
        f("fd_tell", I2, I1),
        f("fd_write", I4, I1),
        f("path_create_directory", I3, I1),
        f("path_filestat_get", I5, I1),
        f("path_filestat_set_times", &[I32, I32, I32, I32, I64, I64, I32], I1),
        f("path_link", I7, I1),
        f("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32], I1),
        f("path_readlink", I6, I1),
        f("path_remove_directory", I3, I1),
        f("path_rename", I6, I1),
        f("path_symlink", I5, I1),
        f("path_unlink_file", I3, I1),
        f("poll_oneoff", I4, I1),
        f("proc_exit", I1, &[]),
        f("proc_raise", I1, I1),
        f("random_get", I2, I1),
        f("sched_yield", &[], I1),
        f("sock_accept", I3, I1),
        f("sock_recv", I6, I1),
        f("sock_send", I5, I1),
        f("sock_shutdown", I2, I1),
    ] }),
    (THREADS, Group { module: "wasi", functions: &[f("thread-spawn", I1, I1)] }),
    (NN, Group { module: "wasi_nn", functions: &[
        f("load", I4, I1),
        f("load_by_name", I3, I1),
        f("init_execution_context", I2, I1),
        f("set_input", I3, I1),
        f("compute", I1, I1),
        f("get_output", I4, I1),
    ] }),
];

/// Whether nobody but an AITRIOS app imports this. WASI alone does not make one.
pub fn is_mark(import: &Import<'_>) -> bool {
    let named = ["EVP_", "senscord_", "Esf"].iter().any(|begin| import.name.starts_with(begin));
    import.module == "wasi_nn" || import.module == ENV && named
}

/// Whether this starts a thread.
pub fn is_spawn(import: &Import<'_>) -> bool {
    import.module == "wasi" && import.name == "thread-spawn"
}

/// The group with this function; else one with its module name.
pub fn group_of(module: &str, name: &str) -> Option<&'static Group> {
    let mut groups = AITRIOS.iter().map(|(_, group)| group).filter(|group| group.module == module);
    let known = groups.clone().find(|group| group.functions.iter().any(|function: &Function| function.name == name));
    known.or_else(|| groups.next())
}

/// The groups that a module imports from.
pub fn groups(imports: &[Import<'_>]) -> Vec<String> {
    let uses = |group: &Group| {
        let has = |import: &Import<'_>| group.functions.iter().any(|function| function.name == import.name);
        imports.iter().any(|import| import.module == group.module && has(import))
    };
    AITRIOS.iter().filter(|(_, group)| uses(group)).map(|(name, _)| (*name).to_owned()).collect()
}
