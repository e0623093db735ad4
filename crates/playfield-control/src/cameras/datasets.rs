//! Datasets: pictures of a camera that somebody has leave to keep, with what the camera found in them; and what its app uploads.
//!
//! Leave is asked for as it is to look ([`super::grants`]), is on record for good, and ends by itself. Each picture is asked for one by
//! one, and so is each piece of what an app uploads: when nobody asks, nothing leaves the camera's process.
//!
//! ```text
//!   collect --Sample--> camera --Sampled---> blob, row        every_ms, while leave is given
//!           --Upload-->        --Uploaded--> blob, row        all the time, while leave is given
//!                          rows --zip--> annotations.json, images/000001.jpg .., uploads/000001-NAME ..
//! ```

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use playfield_core::api::{CreateDataset, Dataset, Datasets};
use playfield_core::bus::{Reply, Request};
use playfield_core::dataset::{MOST_JPEG, Sample};
use playfield_core::id::{DeviceId, GrantId, NodeId, SessionId, ViewerId};
use playfield_store::blob::BlobId;
use playfield_store::db::{DatasetRow, GrantRow, PutKept, SampleRow};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::grants::{check_reason, shown_grant};
use crate::app::{App, Shared};
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::random;

mod uploads;
mod zip;

use uploads::Mark;
pub(crate) use zip::Archive;

/// Longest time in which pictures are added, in minutes: a week.
const MOST_MINUTES: u32 = 7 * 24 * 60;
/// How far pictures may be apart, in milliseconds.
const EVERY: std::ops::RangeInclusive<u32> = 200..=3_600_000;
/// Pictures of one dataset.
const MOST_PICTURES: u32 = 10_000;
/// Things in one picture, and bytes of what was found in it, as JSON.
const MOST_OBJECTS: usize = 500;
const MOST_FOUND: usize = 200 << 10;
/// Datasets that are listed.
const LISTED: u32 = 100;
/// How often it is looked who has leave; and how long an app that uploads is left alone after a file.
const LOOK: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_millis(50);
/// How long a camera has for a picture, or to say that its app uploads nothing: it may look at one a second, and the model may be slow.
const ANSWER: Duration = Duration::from_secs(5);

/// What is asked for: a picture for a dataset, or what a camera's app uploads, for whichever dataset that goes into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    Picture(GrantId),
    Upload(DeviceId),
}

/// What is asked for next, and when.
#[derive(Default)]
struct Beats {
    next: HashMap<What, Instant>,
    /// What is waited for.
    busy: HashSet<What>,
    /// Up to where apps were followed.
    marks: HashMap<DeviceId, Mark>,
}

impl Beats {
    /// Of the datasets that are open, those that something is due of, and what; and up to where those apps were followed that are
    /// followed no longer.
    fn due(&mut self, now: Instant, open: Vec<DatasetRow>) -> (Vec<(DatasetRow, What)>, Vec<Mark>) {
        let whats = |dataset: DatasetRow| {
            let picture = (dataset.every_ms > 0).then(|| What::Picture(dataset.grant.id.clone()));
            let upload = dataset.uploads.then(|| What::Upload(dataset.grant.device.clone()));
            picture.into_iter().chain(upload).map(move |what| (dataset.clone(), what))
        };
        let mut open: Vec<(DatasetRow, What)> = open.into_iter().flat_map(whats).collect();
        let is_open = |what: &What| open.iter().any(|(_, of)| of == what);
        self.next.retain(|what, _| is_open(what));
        let busy = &self.busy;
        let is_over = |device: &DeviceId| {
            let what = What::Upload(device.clone());
            !is_open(&what) && !busy.contains(&what)
        };
        let over = self.marks.extract_if(|device, _| is_over(device)).map(|(_, mark)| mark).collect();
        open.retain(|(dataset, what)| {
            let next = self.next.entry(what.clone()).or_insert(now);
            if *next > now || !self.busy.insert(what.clone()) {
                return false;
            }
            // Who is late misses pictures, and does not catch up on them.
            *next = (*next + Duration::from_millis(dataset.every_ms.into())).max(now);
            true
        });
        (open, over)
    }

    /// It was answered. Who uploaded something is soon asked for more, and else in a while.
    fn answered(&mut self, now: Instant, what: What, mark: Option<Mark>, more: bool) {
        self.busy.remove(&what);
        if let What::Upload(device) = &what {
            self.marks.extend(mark.map(|mark| (device.clone(), mark)));
            self.next.insert(what, now + if more { SOON } else { LOOK });
        }
    }

    /// Some answer will not come, and nobody knows which.
    fn lost(&mut self, now: Instant) {
        self.next.extend(self.busy.drain().map(|what| (what, now + LOOK)));
    }

    /// When something is due next, or is to be looked for.
    fn wakes(&self, now: Instant) -> Instant {
        let waiting = self.next.iter().filter(|(what, _)| !self.busy.contains(*what)).map(|(_, at)| *at);
        waiting.chain([now + LOOK]).min().unwrap_or(now + LOOK).max(now)
    }
}

impl App {
    /// Begins to keep pictures of a camera, or what its app uploads, for a while.
    pub(crate) async fn create_dataset(
        &self,
        id: &DeviceId,
        wanted: CreateDataset,
        client: String,
    ) -> Result<Dataset, Failure> {
        let reason = check_reason(&wanted.reason)?;
        if !(1..=MOST_MINUTES).contains(&wanted.minutes) {
            return Err(Failure::new(Kind::Malformed, format!("`minutes` must be 1 to {MOST_MINUTES}, a week")));
        }
        let CreateDataset { every_ms, uploads, .. } = wanted;
        if !EVERY.contains(&every_ms) && every_ms != 0 {
            let detail = format!("`every_ms` must be {} to {}, or 0 for no pictures", EVERY.start(), EVERY.end());
            return Err(Failure::new(Kind::Malformed, detail));
        }
        if every_ms == 0 && !uploads {
            let detail = "nothing would be kept: give `every_ms`, or `uploads` for what the camera's app uploads";
            return Err(Failure::new(Kind::Malformed, detail));
        }
        self.device(id).await?;
        let now = now_ms();
        let grant = GrantRow {
            id: GrantId::from_entropy(random()?),
            device: id.clone(),
            reason: reason.to_owned(),
            client,
            // Nobody looks by it.
            viewer: ViewerId::from_entropy(random()?),
            created_ms: now,
            expires_ms: now + u64::from(wanted.minutes) * 60_000,
            ended_ms: None,
        };
        // On record before anything is kept.
        if !self.db.insert_dataset(grant.clone(), every_ms, uploads).await? {
            let detail = "what its app uploads goes into another dataset now: stop that one first";
            return Err(Failure::new(Kind::InUse, detail));
        }
        let minutes = wanted.minutes;
        tracing::info!(device = %id, grant = %grant.id, reason, minutes, every_ms, uploads, "a camera's pictures are kept");
        Ok(shown(DatasetRow { grant, every_ms, pictures: 0, uploads, files: 0, bytes: 0 }, now))
    }

    /// Datasets of a camera, the newest first.
    pub(crate) async fn datasets(&self, id: &DeviceId) -> Result<Datasets, Failure> {
        self.device(id).await?;
        let rows = self.db.datasets(id.clone(), LISTED).await?;
        let now = now_ms();
        Ok(Datasets { datasets: rows.into_iter().map(|row| shown(row, now)).collect() })
    }

    /// A dataset, as an archive.
    pub(crate) async fn dataset(&self, id: &DeviceId, dataset: GrantId) -> Result<Archive, Failure> {
        let device = self.device(id).await?;
        let row = self.db.dataset(id.clone(), dataset.clone()).await?.ok_or_else(no_dataset)?;
        let samples = self.db.samples(dataset.clone()).await?;
        let uploads = self.db.uploads(dataset).await?;
        Ok(Archive { about: format!("{}: {}", device.name, row.grant.reason), row, samples, uploads })
    }

    /// Forgets a dataset, its pictures, what was found in them, and its files.
    pub(crate) async fn remove_dataset(&self, id: &DeviceId, dataset: GrantId) -> Result<(), Failure> {
        self.db.device(id.clone()).await?.ok_or_else(no_dataset)?;
        let blobs = self.db.remove_dataset(id.clone(), dataset.clone(), now_ms()).await?.ok_or_else(no_dataset)?;
        tracing::info!(device = %id, grant = %dataset, files = blobs.len(), "a camera's pictures are kept no longer");
        self.shelf.drop_blobs(&self.db, blobs).await;
        Ok(())
    }

    /// Asks cameras for the pictures that are to be kept; never ends.
    pub(crate) async fn collect(self: &Shared) {
        let (mut beats, mut asking) = (Beats::default(), JoinSet::new());
        loop {
            let (due, over) = match self.db.datasets_open(now_ms()).await {
                Ok(open) => beats.due(Instant::now(), open),
                Err(error) => {
                    tracing::error!(%error, "it cannot be read which pictures are to be kept");
                    Default::default()
                }
            };
            for mark in over {
                let app = self.clone();
                tokio::spawn(async move { app.end_uploads(mark).await });
            }
            for (dataset, what) in due {
                let (app, mut mark) = (self.clone(), beats.marks.get(&dataset.grant.device).cloned());
                asking.spawn(async move {
                    let taken = match what {
                        What::Picture(_) => app.take_sample(&dataset).await.map(|()| false),
                        What::Upload(_) => app.take_upload(&dataset, &mut mark).await,
                    };
                    let more = taken.unwrap_or_else(|error| {
                        let (id, error) = (&dataset.grant.id, error.detail);
                        tracing::warn!(dataset = %id, error, "something is missing in a dataset");
                        false
                    });
                    (what, mark, more)
                });
            }
            let wakes = beats.wakes(Instant::now());
            tokio::select! {
                Some(taken) = asking.join_next() => match taken {
                    Ok((what, mark, more)) => beats.answered(Instant::now(), what, mark, more),
                    Err(error) => {
                        tracing::error!(%error, "what was to be kept in a dataset is not");
                        beats.lost(Instant::now());
                    }
                },
                () = tokio::time::sleep_until(wakes) => {}
            }
        }
    }

    /// Where a camera is at work just now: its machine, and its session.
    async fn at_work(&self, device: &DeviceId) -> Result<Option<(NodeId, SessionId)>, Failure> {
        let Some(session) = self.cameras.session_of(device) else { return Ok(None) };
        let row = self.db.device(device.clone()).await?.filter(|row| row.revoked_ms.is_none());
        Ok(row.map(|row| (row.node, session)))
    }

    /// Keeps one picture. A camera that does not work just now has none.
    async fn take_sample(&self, dataset: &DatasetRow) -> Result<(), Failure> {
        let Some((node, session)) = self.at_work(&dataset.grant.device).await? else { return Ok(()) };
        let Reply::Sampled { sample } = self.ask(&node, &Request::Sample { session }, ANSWER).await? else {
            return Err(Failure::internal("a camera answered something else"));
        };
        let Sample { jpeg, size, found } = check(*sample)?;
        let found = serde_json::to_string(&found).map_err(Failure::internal)?;
        let (blob, bytes) = (BlobId::of(&jpeg), jpeg.len() as u64);
        let quota = u64::from(self.config.limits.datasets_mb) << 20;
        let sample = SampleRow { seq: 0, size, blob: blob.clone(), bytes, found };
        let named = self.db.put_sample(dataset.grant.id.clone(), sample, now_ms(), (MOST_PICTURES, quota));
        let put = self.shelf.put(&self.db, jpeg, named).await?;
        if put != PutKept::Stored {
            self.shelf.drop_blobs(&self.db, vec![blob]).await;
        }
        if put == PutKept::Full {
            let GrantRow { id, device, .. } = &dataset.grant;
            tracing::warn!(dataset = %id, "a dataset is full: no more pictures are added to it");
            self.db.end_grant(device.clone(), id.clone(), now_ms()).await?;
        }
        Ok(())
    }
}

/// What a machine sent, which may be anything, as far as it may be kept.
fn check(mut sample: Sample) -> Result<Sample, Failure> {
    let is_jpeg = sample.jpeg.len() <= MOST_JPEG && sample.jpeg.starts_with(&[0xff, 0xd8]);
    let has_size = sample.size.iter().all(|side| *side > 0);
    sample.found.objects.truncate(MOST_OBJECTS);
    let length = serde_json::to_vec(&sample.found).map_err(Failure::internal)?.len();
    if !is_jpeg || !has_size || length > MOST_FOUND {
        return Err(Failure::internal("a camera sent what is no picture"));
    }
    Ok(sample)
}

fn no_dataset() -> Failure {
    Failure::new(Kind::NotFound, "there is no such dataset of this camera")
}

fn shown(row: DatasetRow, now_ms: u64) -> Dataset {
    let DatasetRow { grant, every_ms, pictures, uploads, files, bytes } = row;
    let open = grant.ended_ms.is_none() && grant.expires_ms > now_ms;
    Dataset { grant: shown_grant(grant), every_ms, pictures, uploads, files, bytes, open }
}

#[cfg(test)]
mod tests {
    use playfield_core::dataset::Found;

    use super::*;

    fn open(every_ms: u32) -> DatasetRow {
        let grant = GrantRow {
            id: GrantId::from_entropy([(every_ms / 200) as u8; 16]),
            device: DeviceId::from_entropy([1; 16]),
            reason: String::new(),
            client: String::new(),
            viewer: ViewerId::from_entropy([2; 16]),
            created_ms: 0,
            expires_ms: 0,
            ended_ms: None,
        };
        DatasetRow { grant, every_ms, pictures: 0, uploads: every_ms == 0, files: 0, bytes: 0 }
    }

    #[test]
    fn each_has_its_beat_and_who_is_late_does_not_catch_up() {
        let (mut beats, began) = (Beats::default(), Instant::now());
        let due = |beats: &mut Beats, at_ms: u64, answered: bool| {
            let now = began + Duration::from_millis(at_ms);
            let due: Vec<u32> =
                beats.due(now, vec![open(200), open(1_000)]).0.iter().map(|(it, _)| it.every_ms).collect();
            if answered {
                beats.busy.clear();
            }
            (due, beats.wakes(now).duration_since(began).as_millis())
        };
        assert_eq!(due(&mut beats, 0, true), (vec![200, 1_000], 200));
        assert_eq!(due(&mut beats, 100, true), (vec![], 200));
        assert_eq!(due(&mut beats, 200, false), (vec![200], 700));
        assert_eq!(due(&mut beats, 700, true), (vec![], 700), "it waits for an answer");
        assert_eq!(due(&mut beats, 1_000, true), (vec![200, 1_000], 1_000));
        assert_eq!(due(&mut beats, 1_000, true), (vec![200], 1_200));
        beats.due(began, Vec::new());
        assert!(beats.next.is_empty(), "what is over is forgotten");
    }

    #[test]
    fn who_uploads_is_soon_asked_for_more_and_else_in_a_while() {
        let (mut beats, now) = (Beats::default(), Instant::now());
        let (device, mark) = (open(0).grant.device, Mark::of([3; 16], 8));
        let upload = What::Upload(device.clone());
        let due = |beats: &mut Beats, now: Instant| {
            let (due, over) = beats.due(now, vec![open(0)]);
            assert!(over.is_empty());
            due.into_iter().map(|(_, what)| what).collect::<Vec<_>>()
        };
        assert_eq!(due(&mut beats, now), vec![upload.clone()], "no pictures");
        assert_eq!(due(&mut beats, now + LOOK), [], "one question at a time");
        beats.answered(now, upload.clone(), Some(mark.clone()), true);
        assert_eq!((due(&mut beats, now).len(), beats.wakes(now)), (0, now + SOON));
        assert_eq!((due(&mut beats, now + SOON).len(), beats.marks.get(&device)), (1, Some(&mark)));
        beats.answered(now, upload.clone(), Some(mark.clone()), false);
        assert_eq!((due(&mut beats, now).len(), beats.wakes(now)), (0, now + LOOK));
        assert_eq!(
            (due(&mut beats, now + LOOK).len(), beats.marks.get(&device)),
            (1, Some(&mark)),
            "it is not forgotten"
        );

        // Over while it is asked: it is told when that is answered.
        assert_eq!(beats.due(now, Vec::new()), (vec![], vec![]));
        beats.answered(now, upload.clone(), None, false);
        assert_eq!(beats.due(now, Vec::new()), (vec![], vec![mark.clone()]));
        assert_eq!(beats.due(now, Vec::new()), (vec![], vec![]), "once");
        // Another dataset that has it next goes on where the one before was.
        beats.marks.insert(device, mark.clone());
        let next = DatasetRow { grant: GrantRow { id: GrantId::from_entropy([9; 16]), ..open(0).grant }, ..open(0) };
        assert_eq!(beats.due(now, vec![next.clone()]), (vec![(next.clone(), upload.clone())], vec![]));
        beats.answered(now, upload.clone(), None, false);
        // An answer that is lost is asked for again, in a while.
        assert_eq!(beats.due(now + LOOK, vec![next.clone()]).0.len(), 1);
        beats.lost(now);
        assert_eq!(beats.due(now, vec![next.clone()]).0, []);
        assert_eq!(beats.due(now + LOOK, vec![next.clone()]).0.len(), 1);
        beats.answered(now, upload, None, false);
        // Or its files are over, and its pictures go on.
        let pictures = DatasetRow { every_ms: 200, uploads: false, ..next };
        let what = What::Picture(pictures.grant.id.clone());
        assert_eq!(beats.due(now, vec![pictures.clone()]), (vec![(pictures, what)], vec![mark]));
    }

    #[test]
    fn what_is_no_picture_is_not_kept() {
        let sample = |jpeg: Vec<u8>, size| Sample { jpeg, size, found: Found::default() };
        assert!(check(sample(vec![0xff, 0xd8, 0xff], [640, 360])).is_ok());
        assert!(check(sample(b"<html>".to_vec(), [640, 360])).is_err());
        assert!(check(sample(vec![0xff, 0xd8], [0, 360])).is_err());
        let mut large = vec![0; MOST_JPEG + 1];
        large[..2].copy_from_slice(&[0xff, 0xd8]);
        assert!(check(sample(large, [640, 360])).is_err());
        let mut wordy = sample(vec![0xff, 0xd8], [640, 360]);
        wordy.found.labels = vec!["x".repeat(MOST_FOUND)];
        assert!(check(wordy).is_err());
    }
}
