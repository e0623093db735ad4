//! Figures for Prometheus. Every room counts through the `metrics` facade; this is where they come together.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use playfield_core::api::{EndReason, SessionState};

/// Seconds; a start is promised within a fifth of one.
const START_BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0];

/// The figures of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// How busy a worker is; counts since it started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Sessions open.
    pub sessions: u32,
    /// Viewers attached.
    pub viewers: u32,
    /// Pictures sent.
    pub pictures: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Ticks that began later than one tick period.
    pub late_ticks: u64,
    /// Messages of viewers with something they may not send.
    pub refused: u64,
}

/// Something else collects this process's figures already.
#[derive(Debug, thiserror::Error)]
#[error("metrics are collected by something else already: {0}")]
pub struct MetricsTaken(String);

impl Metrics {
    /// Starts collecting; later calls return the same.
    pub fn install() -> Result<Metrics, MetricsTaken> {
        static INSTALLED: OnceLock<Result<Metrics, String>> = OnceLock::new();
        INSTALLED.get_or_init(|| build().map_err(|error| error.to_string())).clone().map_err(MetricsTaken)
    }

    /// All figures in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

fn build() -> Result<Metrics, metrics_exporter_prometheus::BuildError> {
    let builder = PrometheusBuilder::new();
    let start = Matcher::Full("playfield_session_start_seconds".to_owned());
    let handle = builder.set_buckets_for_metric(start, &START_BUCKETS)?.install_recorder()?;
    describe();
    Ok(Metrics(handle))
}

fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    counter!("playfield_http_requests_total", "HTTP requests, by method, route and status.");
    gauge!("playfield_sessions", "Sessions that have not ended, by state.");
    counter!("playfield_sessions_ended_total", "Sessions that ended, by reason.");
    counter!("playfield_sessions_resumed_total", "Sessions that went on in another worker, theirs having been lost.");
    histogram!("playfield_session_start_seconds", "From asking a node for a session to its answer.");
    gauge!("playfield_worker_sessions", "Sessions open on a worker.");
    gauge!("playfield_worker_viewers", "Viewers attached to a worker.");
    counter!("playfield_worker_pictures_total", "Pictures sent by a worker.");
    counter!("playfield_worker_sent_bytes_total", "Media bytes sent by a worker.");
    counter!("playfield_worker_late_ticks_total", "Ticks that began later than one tick period.");
    counter!("playfield_worker_refused_inputs_total", "Messages of viewers with something they may not send.");
    gauge!("playfield_cameras_connected", "Cameras connected over MQTT.");
    counter!("playfield_camera_messages_total", "Messages that cameras sent over MQTT.");
    counter!("playfield_camera_bytes_total", "Bytes of them.");
    counter!("playfield_camera_strange_total", "Of them, or of what is in them, what was not understood.");
}

/// Notes how busy a worker is, for whoever hears it from its node.
pub fn worker_load(node: &str, worker: &str, load: Load) {
    let labels = [("node", node.to_owned()), ("worker", worker.to_owned())];
    metrics::gauge!("playfield_worker_sessions", &labels).set(load.sessions);
    metrics::gauge!("playfield_worker_viewers", &labels).set(load.viewers);
    metrics::counter!("playfield_worker_pictures_total", &labels).absolute(load.pictures);
    metrics::counter!("playfield_worker_sent_bytes_total", &labels).absolute(load.bytes_sent);
    metrics::counter!("playfield_worker_late_ticks_total", &labels).absolute(load.late_ticks);
    metrics::counter!("playfield_worker_refused_inputs_total", &labels).absolute(load.refused);
}

pub(crate) fn http_request(method: String, route: String, status: u16) {
    let labels = [("method", method), ("route", route), ("status", status.to_string())];
    metrics::counter!("playfield_http_requests_total", &labels).increment(1);
}

pub(crate) fn session_started(after: std::time::Duration) {
    metrics::histogram!("playfield_session_start_seconds").record(after.as_secs_f64());
}

pub(crate) fn session_ended(reason: Option<EndReason>) {
    let reason = reason.map_or_else(|| "none".to_owned(), word);
    metrics::counter!("playfield_sessions_ended_total", "reason" => reason).increment(1);
}

pub(crate) fn session_resumed() {
    metrics::counter!("playfield_sessions_resumed_total").increment(1);
}

pub(crate) fn open_sessions(by_state: &std::collections::BTreeMap<String, u64>) {
    use SessionState::{Activating, Active, Connected, PendingReconnection, Terminating};
    for state in [Activating, Active, Connected, PendingReconnection, Terminating] {
        let state = word(state);
        let count = by_state.get(&state).copied().unwrap_or(0);
        metrics::gauge!("playfield_sessions", "state" => state).set(count as f64);
    }
}

pub(crate) fn cameras_connected(count: usize) {
    metrics::gauge!("playfield_cameras_connected").set(count as f64);
}

pub(crate) fn camera_message(bytes: usize) {
    metrics::counter!("playfield_camera_messages_total").increment(1);
    metrics::counter!("playfield_camera_bytes_total").increment(bytes as u64);
}

pub(crate) fn camera_strange() {
    metrics::counter!("playfield_camera_strange_total").increment(1);
}

/// A unit enum in its spelling on the wire.
fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
