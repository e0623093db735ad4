//! Cameras: what one is to do, and what it says.
//!
//! A camera is a guest whose pictures stay with it. It turns each into [`Metadata`], counts by the lines and zones that were
//! drawn for it, and says what it understood: never what it saw.
//!
//! ```text
//!   source --picture--> model --objects--> tracker --tracks--> lines, zones --events--> Report
//!                                                                   '--all of it--> app --declared fields--^
//! ```

mod source;
mod url;

use std::path::PathBuf;

mod again;
pub mod region;
mod shadow;

pub use again::Again;
pub use shadow::Shadow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::analytics::{self, Analytics, Counts, Heat};
use crate::app::{AppStatus, Emitted};
use crate::mask::{Mask, MaskConfig};
use crate::metadata::{Metadata, Rect};

pub use source::{Coding, LONGEST_PATH, Source};
pub use url::{CameraUrl, LONGEST_URL, UrlParts};

/// Most pictures a second that a camera analyses.
pub const MOST_HZ: u16 = 60;
/// Most cells of a table of where things were: as JSON it is one message.
pub const MOST_CELLS: u32 = 8_192;
/// Longest settings of an edge app, as JSON, in bytes.
pub const MOST_APP_CONFIG: usize = 4096;

/// What a camera is to do, as whoever looks after it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// Where its pictures come from.
    pub source: Source,
    /// Pictures a second that are analysed, 1 to [`MOST_HZ`].
    #[serde(default = "fifteen")]
    pub hz: u16,
    /// The name of its model; none: what moves is found, and no more.
    #[serde(default)]
    pub model: Option<String>,
    /// The name of a model that runs beside it on the same pictures, and is compared with it. What it finds counts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<String>,
    /// Lines and zones.
    #[serde(default)]
    pub watch: analytics::Config,
    /// Parts of its pictures that nobody may see: they are blackened before anything looks at them.
    #[serde(default, rename = "mask", alias = "masks", skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<MaskConfig>,
    /// Parts of its pictures that the model looks at again, by themselves, so that small things are larger there. Each costs as much
    /// as the whole picture.
    #[serde(default, rename = "region", alias = "regions", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Rect>,
    /// The id of the edge app that runs next to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What the app is told of how it is to work: an object, whose keys are the app's own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub app_config: Map<String, Value>,
    /// Whether the app may see pixels. It gets none unless its manifest asks for them too.
    #[serde(default)]
    pub app_pixels: bool,
}

impl Desired {
    /// Whether its model runs here. Where a sensor has run it, it need not even be there.
    pub fn runs_model(&self) -> bool {
        !matches!(self.source, Source::Tensors { .. })
    }

    /// To look at this, for what moves, and to say no more than that.
    pub fn new(source: Source) -> Desired {
        Desired {
            source,
            hz: fifteen(),
            model: None,
            shadow: None,
            watch: analytics::Config::default(),
            masks: Vec::new(),
            regions: Vec::new(),
            app: None,
            app_config: Map::new(),
            app_pixels: false,
        }
    }

    /// Checks what no type does, for a model that finds these classes. A sentence says what is wrong and what would be right.
    pub fn check(&self, labels: &[String]) -> Result<(), String> {
        if !(1..=MOST_HZ).contains(&self.hz) {
            return Err(format!("`hz` must be 1 to {MOST_HZ}"));
        }
        if serde_json::to_string(&self.app_config).map_or(0, |text| text.len()) > MOST_APP_CONFIG {
            return Err(format!("`app_config` must be at most {MOST_APP_CONFIG} bytes"));
        }
        self.source.check()?;
        if matches!(self.source, Source::Tensors { .. }) && self.model.is_none() {
            return Err("`model` must be named where the source is `tensors`: they are read by its manifest".to_owned());
        }
        let cells = self.watch.heat.as_ref().map_or(0, |heat| u32::from(heat.columns) * u32::from(heat.rows));
        if cells > MOST_CELLS {
            return Err(format!(
                "`watch.heat` has {cells} cells and may have {MOST_CELLS}: give it fewer `columns` or `rows`"
            ));
        }
        region::check(&self.regions)?;
        Mask::new(&self.masks).map_err(|error| format!("`mask`: {error}"))?;
        Analytics::new(&self.watched(labels)).map(drop).map_err(|error| format!("`watch`: {error}"))
    }

    /// What to watch for, of a model that finds these classes; labels that it says itself come first.
    pub fn watched(&self, labels: &[String]) -> analytics::Config {
        let own = if self.watch.labels.is_empty() { labels } else { &self.watch.labels };
        analytics::Config { labels: own.to_vec(), ..self.watch.clone() }
    }
}

/// What a camera is to do, with all that its node needs for that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// What was asked for.
    pub desired: Desired,
    /// The folder of its model, with the `model.toml`.
    pub model: Option<PathBuf>,
    /// The folder of the model beside it.
    #[serde(default)]
    pub shadow: Option<PathBuf>,
    /// The file, folder or device that its source reads, where its node finds it.
    #[serde(default)]
    pub files: Option<PathBuf>,
    /// Its edge app.
    #[serde(default)]
    pub app: Option<App>,
    /// The library of ONNX Runtime that runs its model; the node fills it in. None: what this program brings does.
    #[serde(default)]
    pub onnxruntime: Option<PathBuf>,
}

/// Where an edge app lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its folder, with the `app.toml`.
    pub folder: PathBuf,
    /// Its module, once the node has looked at it.
    #[serde(default)]
    pub module: Option<AppModule>,
}

/// What became of an app's module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppModule {
    /// It is compiled, and lies there.
    Compiled(PathBuf),
    /// It cannot be run, and why. The camera goes on without it.
    Refused(String),
}

fn fifteen() -> u16 {
    15
}

/// What a camera says. What is in each picture it says only while somebody looks; what happened, always.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "camelCase")]
pub enum Report {
    /// What it understood of a picture.
    Seen(Seen),
    /// What it counted so far.
    Counts(Box<Counts>),
    /// How it does: every ten seconds, and each second while somebody looks.
    Health(Health),
    /// Where things were, while somebody looks.
    Heat(Box<Heat>),
    /// What its edge app said.
    Emitted(Emitted),
    /// How its edge app does.
    App(AppStatus),
}

/// What was understood of one picture, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Seen {
    /// What is in it.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// What happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<analytics::Event>,
}

/// How a camera does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Pictures analysed since it started.
    pub pictures: u64,
    /// Pictures that were left out because it was behind.
    pub dropped: u64,
    /// Pictures analysed in the last second.
    pub fps: f32,
    /// Width and height of its pictures, in pixels.
    pub size: [u16; 2],
    /// Median time from a picture to its metadata, in microseconds.
    pub pipeline_us: u32,
    /// Of it, the model's own.
    pub inference_us: u32,
    /// Bytes that left it since it started.
    pub bytes: u64,
    /// What finds things: the model's name and version, or `movement`.
    pub model: String,
    /// Names of the classes that it finds, by number.
    pub labels: Vec<String>,
    /// What a model beside its own finds, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
    /// What went wrong last, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
