//! The rule that newcomers are shown: who walks along the drawn street moves a paddle in Footfall.
//!
//! It is on: it does nothing until somebody plays Footfall. It is made once, where there was no rule before; one that was removed
//! stays away.

use playfield_core::analytics::ClassName;
use playfield_core::id::RuleId;
use playfield_core::rule::{Action, Along, Kind, MOST_RULES, Rule, SteerAction, When};
use playfield_store::db::{DeviceRow, RuleRow};

use crate::app::Shared;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::secret::random;

/// The title whose paddle it moves.
const TITLE: &str = "footfall";
/// Where it is kept that it was made.
const KEPT_AS: &str = "demo rule";

/// Makes it, once there is a camera and the title.
pub(super) async fn make(app: &Shared) {
    if app.rules.demo.is_completed() || !app.config.demo_camera || app.catalogue.get(TITLE).is_none() {
        return;
    }
    match make_once(app).await {
        Ok(true) => app.rules.demo.call_once(|| ()),
        Ok(false) => {}
        Err(failure) => tracing::error!(detail = failure.detail, "the rule for newcomers could not be made"),
    }
}

/// False: there is no camera yet.
async fn make_once(app: &Shared) -> Result<bool, Failure> {
    if app.db.kept(KEPT_AS).await?.is_some() {
        return Ok(true);
    }
    let Some(device) = app.db.devices().await?.into_iter().find(|device| device.revoked_ms.is_none()) else {
        return Ok(false);
    };
    if app.db.rules().await?.is_empty() {
        let (id, now) = (RuleId::from_entropy(random()?), now_ms());
        let rule = serde_json::to_string(&rule(&device)).map_err(Failure::internal)?;
        let row = RuleRow { id, rule, version: 1, created_ms: now, changed_ms: now };
        app.db.insert_rule(row, MOST_RULES).await?;
        app.rules.changed.send_modify(|count| *count += 1);
    }
    app.db.keep(KEPT_AS, vec![1]).await?;
    Ok(true)
}

fn rule(device: &DeviceRow) -> Rule {
    // Without a model nothing is known of what moves.
    let knows = serde_json::from_str(&device.desired)
        .is_ok_and(|desired: playfield_core::camera::Desired| desired.model.is_some());
    let classes = if knows { vec![ClassName::Name("person".to_owned())] } else { Vec::new() };
    let when = When {
        event: Kind::Present,
        place: None,
        classes,
        direction: None,
        begins: true,
        at_least: None,
        times: 1,
        within_s: None,
    };
    let steer = SteerAction {
        title: Some(TITLE.to_owned()),
        session: None,
        player: 1,
        along: Along::X,
        mirror: false,
        axis: Some("rx".to_owned()),
        buttons: None,
    };
    Rule {
        name: "The street plays Footfall".to_owned(),
        enabled: true,
        devices: vec![device.id.to_string()],
        when,
        during: None,
        cool_down_s: 0,
        actions: vec![Action::Steer(steer)],
    }
}
