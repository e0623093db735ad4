//! Receipts add up, and outlive what they are about; the self-test comes to a result.

use serde_json::Value;

use crate::browser::Browser;
use crate::server::{Server, crash};
use crate::wait;

const STAGES: [&str; 9] = ["uplink", "wait", "guest", "convert", "encode", "send", "network", "decode", "present"];
/// Pictures after which a session has told its first figures, which it does after two seconds.
const TOLD: u32 = 4 * 60;

fn sum(account: &Value, name: &str, what: &str) -> u64 {
    let histograms = account["histograms"].as_array().unwrap();
    histograms.iter().filter(|stage| stage["name"] == name).map(|stage| stage[what].as_u64().unwrap()).sum()
}

/// The stages of all pictures sum to what the pictures took, and every bucket is where it should be.
fn check_sums(account: &Value) {
    let stages: u64 = STAGES.iter().map(|name| sum(account, name, "sum_us")).sum();
    let without = account["without_input"]["sum_us"].as_u64().unwrap();
    assert_eq!(stages, sum(account, "total", "sum_us") + without, "{account}");
    for stage in account["histograms"].as_array().unwrap() {
        let buckets = stage["buckets"].as_array().unwrap();
        let count: u64 = buckets.iter().map(|bucket| bucket[2].as_u64().unwrap()).sum();
        assert_eq!(stage["count"], count, "{stage}");
        let (first, last) = (&buckets[0], &buckets[buckets.len() - 1]);
        assert!(
            stage["min_us"].as_u64() >= first[0].as_u64() && stage["max_us"].as_u64() < last[1].as_u64(),
            "{stage}"
        );
    }
    let count = |name: &str| account["counts"][name].as_u64().unwrap();
    assert_eq!(count("pictures_sent"), count("pictures_shown") + count("pictures_not_shown"));
    let measured = account["pictures"].as_u64().unwrap();
    assert!(measured + count("pictures_implausible") <= count("pictures_shown"), "{account}");
    assert!(count("pictures_implausible") * 20 <= measured, "clocks of one machine agree: {account}");
}

#[test]
fn the_self_test_comes_to_a_result_that_adds_up() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.open("/test?inputs=12");
    let result = tab.self_test();
    let number = |of: &Value| of.as_f64().unwrap();
    for way in ["floor", "stream"] {
        let figures = &result[way];
        let samples = figures["samples_ms"].as_array().unwrap();
        assert_eq!(figures["count"], samples.len(), "{result}");
        assert!(samples.iter().all(|ms| (0.0..2_000.0).contains(&number(ms))), "{result}");
        assert!(number(&figures["p50_ms"]) <= number(&figures["p95_ms"]), "{result}");
    }
    assert_eq!(result["floor"]["count"], 12);
    assert_eq!(result["stream"]["count"].as_u64().unwrap() + result["lost"].as_u64().unwrap(), 12, "{result}");
    let over = number(&result["stream"]["p50_ms"]) - number(&result["floor"]["p50_ms"]);
    assert!((over - number(&result["over_floor_p50_ms"])).abs() < 0.011, "{result}");
    let verdict = result["verdict"].as_str().unwrap();
    assert!(tab.text(".verdict").unwrap().contains(verdict), "{verdict}");
    let receipt = &result["receipt"];
    check_sums(receipt);
    assert!(sum(receipt, "total", "count") >= result["stream"]["count"].as_u64().unwrap(), "each press is an input");
    let session = receipt["session"].as_str().unwrap();
    let kept = wait("the receipt to be complete", || {
        Some(server.get(&format!("/api/v1/sessions/{session}/receipt"))).filter(|kept| kept["complete"] == true)
    });
    check_sums(&kept);
    assert_eq!((&kept["parts"], kept["viewers"].as_array().map(Vec::len)), (&1.into(), Some(1)));
    assert!(kept["pictures"].as_u64() >= receipt["pictures"].as_u64());
}

#[test]
fn what_a_killed_worker_knew_stays_in_the_receipt() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    let session = tab.playing();
    tab.press("Space");
    tab.probe("a while of play", |probe| probe.tick > TOLD);
    server.workers().into_iter().for_each(crash);
    let address = format!("/api/v1/sessions/{session}");
    wait("the session to go on", || (server.get(&address)["resumes"] == 1).then_some(()));
    let receipt =
        wait("both parts", || Some(server.get(&format!("{address}/receipt"))).filter(|receipt| receipt["parts"] == 2));
    check_sums(&receipt);
    assert_eq!(receipt["complete"], false);
    assert_eq!(receipt["viewers"].as_array().map(Vec::len), Some(1), "one viewer, in both parts");
    assert_eq!(server.get(&address)["receipt"], format!("{address}/receipt"));
}
