//! A dataset as an archive that is written while it is sent, so that it takes no room here.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use playfield_core::dataset::{Found, Kept, coco, file_name};
use playfield_store::blob::BlobId;
use playfield_store::db::{DatasetRow, SampleRow, UploadRow};
use tokio::sync::mpsc::{self, Sender};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::app::Shared;

/// Bytes that are sent at once, and how many of these may wait for a slow receiver.
const PIECE: usize = 64 << 10;
const WAITING: usize = 4;

/// What an archive is made of.
pub(crate) struct Archive {
    pub(super) about: String,
    pub(super) row: DatasetRow,
    pub(super) samples: Vec<SampleRow>,
    pub(super) uploads: Vec<UploadRow>,
}

impl Archive {
    /// What a browser is to call it.
    pub(crate) fn name(&self) -> String {
        format!("{}.zip", self.row.grant.id)
    }

    /// Its bytes. Where something fails in the middle the connection breaks, so that nobody takes a part for the whole.
    pub(crate) fn body(self, app: Shared) -> Body {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let get = |blob: &BlobId| {
                let bytes = runtime.block_on(app.shelf.get(blob)).map_err(io::Error::other)?;
                bytes.ok_or_else(|| io::Error::other(format!("blob {blob} is gone")))
            };
            let written = self.write(Pieces { to: pieces.clone(), piece: Vec::new() }, get);
            // Who receives it may go, which is no fault.
            if let Err(error) = written
                && error.kind() != io::ErrorKind::BrokenPipe
            {
                tracing::warn!(dataset = %self.row.grant.id, %error, "a dataset could not be sent");
                let _ = pieces.blocking_send(Err(error));
            }
        });
        Body::from_stream(futures_util::stream::unfold(waiting, |mut waiting| async {
            waiting.recv().await.map(|piece| (piece, waiting))
        }))
    }

    fn write(&self, to: impl Write, get: impl Fn(&BlobId) -> io::Result<Vec<u8>>) -> io::Result<()> {
        let mut zip = ZipWriter::new_stream(to);
        let mut kept = Vec::with_capacity(self.samples.len());
        for sample in &self.samples {
            let found: Found = serde_json::from_str(&sample.found)?;
            kept.push(Kept { seq: sample.seq, size: sample.size, found });
        }
        // Text packs well, and JPEG does not.
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("annotations.json", packed)?;
        let annotations = coco(&self.about, self.row.grant.created_ms, &kept);
        zip.write_all(&serde_json::to_vec(&annotations)?)?;
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for sample in &self.samples {
            zip.start_file(file_name(sample.seq), stored)?;
            zip.write_all(&get(&sample.blob)?)?;
        }
        for UploadRow { seq, name, blob, .. } in &self.uploads {
            zip.start_file(format!("uploads/{seq:06}-{name}"), stored)?;
            zip.write_all(&get(blob)?)?;
        }
        zip.finish()?.into_inner().flush()
    }
}

/// Writes pieces into a channel.
struct Pieces {
    to: Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.to.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
