//! Events of reprocessing.

use image::ImageFormat;

use crate::contents::reprocess;
use crate::world::{Stack, detected, image, removed};

#[tokio::test]
async fn an_image_is_analysed_again_in_the_place_of_its_record() {
    let stack = Stack::start().await;
    let bytes = image(100, 80, ImageFormat::Jpeg);
    let e_tag = "9e107d9d372bb6826bd81d3542a419d6";
    let event = stack
        .world
        .upload_as(crate::world::KEY, 5, e_tag, bytes.clone());
    stack.handle(&event).await.unwrap();
    let before = stack.record().await.unwrap();
    stack.world.state().detections = [Ok(detected(&[("Dog", 90.0)]))].into();
    stack.handle(&reprocess(&event)).await.unwrap();
    assert_eq!(stack.detections(), 2, "also if the same content has labels");
    assert_eq!(stack.analysis().await, ["Dog"]);
    assert_eq!(stack.index().await.len(), 1);
    let after = stack.record().await.unwrap();
    assert_eq!(after.seq, before.seq);
    assert_eq!(
        after.image().unwrap().uploaded_at,
        before.image().unwrap().uploaded_at
    );

    // A newer upload, or a removal, wins.
    let newer = stack.world.upload(6, bytes);
    stack.handle(&newer).await.unwrap();
    stack.world.calls();
    let late = stack.world.upload_as(crate::world::KEY, 5, e_tag, vec![]);
    stack.handle(&reprocess(&late)).await.unwrap();
    stack.handle(&removed(7)).await.unwrap();
    let late = stack.world.upload_as(crate::world::KEY, 7, e_tag, vec![]);
    stack.handle(&reprocess(&late)).await.unwrap();
    assert_eq!(stack.detections(), 0);
    assert!(stack.record().await.unwrap().is_deleted());
}

#[tokio::test]
async fn an_image_without_a_record_gets_one_that_any_event_replaces() {
    let stack = Stack::start().await;
    let bytes = image(100, 80, ImageFormat::Jpeg);
    let event = reprocess(&stack.world.upload(0, bytes.clone()));
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.analysis().await, ["Cat"]);
    assert!(
        stack
            .record()
            .await
            .unwrap()
            .image()
            .unwrap()
            .thumbnails
            .is_pending()
    );
    let event = stack.world.upload(1, bytes);
    stack.handle(&event).await.unwrap();
    assert_eq!(stack.record().await.unwrap().seq, "0001".parse().unwrap());
}
