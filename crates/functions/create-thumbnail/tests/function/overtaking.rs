//! One invocation overtakes another, at each place where that would do harm.

use records::Store;

use crate::world::{Buckets, Invocation, image, sns, store, thumbnails_of};

const KEY: &str = "cat.png";

async fn start(buckets: &Buckets, store: &Store, n: usize, e_tag: Option<&str>) -> Invocation {
    Invocation::start(buckets, store, sns(KEY, n, e_tag))
        .await
        .expect("it comes to a gate")
}

fn shows(buckets: &Buckets, upload: Option<&[u8]>) {
    assert_eq!(buckets.state().thumbnails, thumbnails_of(upload));
}

#[tokio::test]
async fn a_newer_upload_is_done_before_an_older_one_has_put() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&older))
        .await
        .until("before put 4")
        .await;
    let newer = buckets.upload(image(2));
    start(&buckets, &store, 2, Some(&newer))
        .await
        .finish()
        .await
        .unwrap();
    slow.finish().await.unwrap();
    shows(&buckets, Some(&image(2)));
}

/// The record alone cannot tell either of them: each finds its own event in it.
#[tokio::test]
async fn an_older_upload_puts_between_the_put_and_the_write_of_a_newer_one() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&older))
        .await
        .until("before put 4")
        .await;
    let newer = buckets.upload(image(2));
    let quick = start(&buckets, &store, 2, Some(&newer))
        .await
        .until("after put 16")
        .await;
    slow.finish().await.unwrap();
    quick.finish().await.unwrap();
    shows(&buckets, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_it_put_and_its_object_is_replaced() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&older))
        .await
        .until("before put 4")
        .await;
    let newer = buckets.upload(image(2));
    let quick = start(&buckets, &store, 2, Some(&newer))
        .await
        .until("after put 16")
        .await;
    slow.until("after put 16").await.die().await;
    // The newer upload's record is not written yet.
    start(&buckets, &store, 1, Some(&older))
        .await
        .finish()
        .await
        .unwrap();
    quick.finish().await.unwrap();
    shows(&buckets, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_it_put_and_comes_again_late() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&older))
        .await
        .until("before put 4")
        .await;
    let newer = buckets.upload(image(2));
    start(&buckets, &store, 2, Some(&newer))
        .await
        .finish()
        .await
        .unwrap();
    slow.until("after put 16").await.die().await;
    start(&buckets, &store, 1, Some(&older))
        .await
        .finish()
        .await
        .unwrap();
    shows(&buckets, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_it_put_and_its_twin_has_written() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&older))
        .await
        .until("before put 4")
        .await;
    start(&buckets, &store, 1, Some(&older))
        .await
        .finish()
        .await
        .unwrap();
    let newer = buckets.upload(image(2));
    let quick = start(&buckets, &store, 2, Some(&newer))
        .await
        .until("after put 16")
        .await;
    slow.until("after put 16").await.die().await;
    start(&buckets, &store, 1, Some(&older))
        .await
        .finish()
        .await
        .unwrap();
    quick.finish().await.unwrap();
    shows(&buckets, Some(&image(2)));
}

#[tokio::test]
async fn a_new_upload_is_done_before_the_old_one_is_removed() {
    let (buckets, store) = (Buckets::default(), store().await);
    let older = buckets.upload(image(1));
    start(&buckets, &store, 1, Some(&older))
        .await
        .finish()
        .await
        .unwrap();
    buckets.state().raw = None;
    let slow = start(&buckets, &store, 2, None)
        .await
        .until("before delete 4")
        .await;
    let newer = buckets.upload(image(2));
    start(&buckets, &store, 3, Some(&newer))
        .await
        .finish()
        .await
        .unwrap();
    slow.finish().await.unwrap();
    shows(&buckets, Some(&image(2)));
    assert!(store.read(KEY).await.unwrap().unwrap().image().is_some());
}

#[tokio::test]
async fn a_removal_is_done_before_the_upload_has_put() {
    let (buckets, store) = (Buckets::default(), store().await);
    let e_tag = buckets.upload(image(1));
    let slow = start(&buckets, &store, 1, Some(&e_tag))
        .await
        .until("before put 4")
        .await;
    buckets.state().raw = None;
    start(&buckets, &store, 2, None)
        .await
        .finish()
        .await
        .unwrap();
    slow.finish().await.unwrap();
    shows(&buckets, None);
    assert!(store.read(KEY).await.unwrap().unwrap().is_deleted());
}

#[tokio::test]
async fn a_removal_arrives_before_its_upload() {
    let (buckets, store) = (Buckets::default(), store().await);
    let e_tag = buckets.upload(image(1));
    buckets.state().raw = None;
    start(&buckets, &store, 2, None)
        .await
        .finish()
        .await
        .unwrap();
    start(&buckets, &store, 1, Some(&e_tag))
        .await
        .finish()
        .await
        .unwrap();
    shows(&buckets, None);
    assert!(store.read(KEY).await.unwrap().unwrap().is_deleted());
}
