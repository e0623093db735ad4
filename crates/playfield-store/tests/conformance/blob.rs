//! The suite for blob stores.

use playfield_store::blob::{BlobId, Blobs};

use crate::folder::Folder;

macro_rules! suite {
    ($engine:ident, $open:expr) => {
        mod $engine {
            use super::*;

            #[tokio::test]
            async fn what_was_put_comes_back_under_its_hash() {
                let folder = Folder::new();
                super::what_was_put_comes_back_under_its_hash($open(&folder).await).await;
            }
            #[tokio::test]
            async fn what_was_put_is_there_after_opening_again() {
                let folder = Folder::new();
                let id = $open(&folder).await.put(b"stays".to_vec()).await.unwrap();
                assert_eq!($open(&folder).await.get(&id).await.unwrap().unwrap(), b"stays");
            }
            #[tokio::test]
            async fn the_same_bytes_put_at_once_are_kept_once() {
                let folder = Folder::new();
                super::the_same_bytes_put_at_once_are_kept_once($open(&folder).await).await;
            }
            #[tokio::test]
            async fn removing_twice_is_told_apart() {
                let folder = Folder::new();
                super::removing_twice_is_told_apart($open(&folder).await).await;
            }
        }
    };
}

async fn open_files(folder: &Folder) -> Blobs {
    Blobs::files(&folder.path().join("blobs")).await.unwrap()
}

suite!(files, open_files);

async fn what_was_put_comes_back_under_its_hash(blobs: Blobs) {
    let id = blobs.put(b"abc".to_vec()).await.unwrap();
    assert_eq!(id.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(id.as_str().parse::<BlobId>(), Ok(id.clone()));
    assert!(blobs.contains(&id).await.unwrap());
    assert_eq!(blobs.get(&id).await.unwrap().unwrap(), b"abc");
    let path = blobs.path(&id).await.unwrap().unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"abc");
    assert!("../../etc/passwd".parse::<BlobId>().is_err());
}

async fn the_same_bytes_put_at_once_are_kept_once(blobs: Blobs) {
    let bytes = vec![7_u8; 300_000];
    let puts: Vec<_> = (0..16)
        .map(|_| {
            let (blobs, bytes) = (blobs.clone(), bytes.clone());
            tokio::spawn(async move { blobs.put(bytes).await })
        })
        .collect();
    for put in puts {
        let id = put.await.unwrap().unwrap();
        assert_eq!(blobs.get(&id).await.unwrap().unwrap(), bytes);
    }
}

async fn removing_twice_is_told_apart(blobs: Blobs) {
    let id = blobs.put(b"x".to_vec()).await.unwrap();
    assert!(blobs.remove(&id).await.unwrap());
    assert!(!blobs.remove(&id).await.unwrap());
    assert_eq!((blobs.get(&id).await.unwrap(), blobs.path(&id).await.unwrap()), (None, None));
    blobs.put(b"x".to_vec()).await.unwrap();
    assert!(blobs.contains(&id).await.unwrap());
}

#[tokio::test]
async fn half_written_files_of_a_crash_are_swept_and_never_found() {
    let folder = Folder::new();
    let id = BlobId::of(b"whole");
    let partial = folder.path().join("blobs/partial");
    let shelf = folder.path().join("blobs").join(&id.as_str()[..2]);
    for path in [&partial, &shelf] {
        std::fs::create_dir_all(path).unwrap();
    }
    std::fs::write(partial.join("1-0"), b"who").unwrap();
    std::fs::write(shelf.join(id.as_str()), b"who").unwrap();
    let blobs = open_files(&folder).await;
    assert_eq!(std::fs::read_dir(&partial).unwrap().count(), 0);
    blobs.put(b"whole".to_vec()).await.unwrap();
    assert_eq!(blobs.get(&id).await.unwrap().unwrap(), b"whole", "a file of the wrong length is written again");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let error = Blobs::files(&folder.path().join("file/blobs")).await.unwrap_err();
    assert!(error.to_string().contains("file/blobs/partial"), "{error}");
}
