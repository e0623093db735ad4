//! The camera that newcomers are shown.

use playfield_core::analytics::{ClassName, Config, HeatConfig, LineConfig, PerClass, ZoneConfig};
use playfield_core::camera::{Desired, Source};
use playfield_core::id::DeviceId;
use playfield_core::metadata::Rect;
use playfield_core::scene::Scene;
use playfield_store::db::DeviceRow;
use serde_json::Map;

use crate::app::App;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::secret::random;

/// What it is called.
const NAME: &str = "Street";
/// The model that knows what is on a street.
const MODEL: &str = "street";
/// The app that counts them.
const APP: &str = "people-counter";

impl App {
    /// Makes it, where there is no camera yet and nobody said that there is to be none.
    pub(super) async fn make_demo(&self) -> Result<(), Failure> {
        let Some(node) = self.nodes.first().filter(|_| self.config.demo_camera) else { return Ok(()) };
        if !self.db.devices().await?.is_empty() {
            return Ok(());
        }
        let knows = self.keep_model(MODEL).await.is_ok();
        let desired = serde_json::to_string(&desired(knows)).map_err(Failure::internal)?;
        let device = DeviceRow {
            id: DeviceId::from_entropy(random()?),
            name: NAME.to_owned(),
            node: node.clone(),
            desired,
            version: 1,
            created_ms: now_ms(),
            revoked_ms: None,
            tags: Vec::new(),
        };
        self.db.insert_device(device).await?;
        Ok(())
    }
}

/// Who crosses the street, and what drives along it; where the model is not there, what moves.
fn desired(knows: bool) -> Desired {
    let [from, to] = Scene::street().line();
    let place = |point: playfield_core::metadata::Point| [point.x.clamp(0.0, 1.0), point.y.clamp(0.0, 1.0)];
    let classes =
        |names: &[&str]| names.iter().filter(|_| knows).map(|name| ClassName::Name((*name).to_owned())).collect();
    let road = LineConfig {
        name: "road".to_owned(),
        from: place(from),
        to: place(to),
        classes: classes(&["car", "truck", "bicycle"]),
        ..LineConfig::default()
    };
    let pavement = LineConfig {
        name: "pavement".to_owned(),
        from: [0.74, 0.93],
        to: [0.63, 0.79],
        classes: classes(&["person"]),
        ..LineConfig::default()
    };
    let crossing = ZoneConfig {
        name: "crossing".to_owned(),
        points: vec![[0.29, 0.64], [0.42, 0.56], [0.66, 0.71], [0.53, 0.83]],
        classes: classes(&["person"]),
        dwell_s: Some(PerClass::All(8.0)),
        ..ZoneConfig::default()
    };
    Desired {
        source: Source::Scene { seed: None },
        hz: 15,
        masks: Vec::new(),
        // Where the road's line lies, far away: bicycles are a dozen pixels there.
        regions: vec![Rect { left: 0.32, top: 0.36, right: 0.82, bottom: 0.86 }],
        model: knows.then(|| MODEL.to_owned()),
        shadow: None,
        app: Some(APP.to_owned()),
        app_config: Map::new(),
        app_pixels: false,
        watch: Config {
            lines: vec![pavement, road],
            zones: vec![crossing],
            heat: Some(HeatConfig { half_life_s: Some(600.0), ..HeatConfig::default() }),
            ..Config::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::motion::LABEL;
    use playfield_core::scene::Class;

    use super::*;

    #[test]
    fn what_newcomers_are_shown_can_be_done() {
        desired(true).check(&Class::LABELS.map(str::to_owned)).unwrap();
        desired(false).check(&[LABEL.to_owned()]).unwrap();
    }
}
