//! One invocation overtakes another, at each place where that would do harm.

use records::Store;
use runtime::Failures;
use test_world::{Invocation, Tables};

use crate::world::{World, event, image, thumbnails_of};

const KEY: &str = "cat.png";

type Running = Invocation<Result<(), Failures>>;

async fn start(world: &World, tables: &Tables, n: usize, e_tag: Option<&str>) -> Running {
    world.start(tables, event(KEY, n, e_tag)).await.waits()
}

/// An invocation that waits before a call.
async fn start_until(
    world: &World,
    tables: &Tables,
    n: usize,
    e_tag: Option<&str>,
    call: &str,
) -> Running {
    let running = start(world, tables, n, e_tag).await;
    running.until(call).await
}

/// A whole invocation.
async fn handle(world: &World, tables: &Tables, n: usize, e_tag: Option<&str>) {
    let running = start(world, tables, n, e_tag).await;
    running.finish().await.unwrap();
}

fn shows(world: &World, upload: Option<&[u8]>) {
    assert_eq!(world.state().thumbnails, thumbnails_of(upload));
}

async fn is_deleted(tables: &Tables) -> bool {
    let record = Store::new(tables.client(), "images").read(KEY).await;
    record.unwrap().unwrap().is_deleted()
}

#[tokio::test]
async fn a_newer_upload_is_done_before_an_older_one_has_put() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&older), "before put 4").await;
    let newer = world.upload(image(2));
    handle(&world, &tables, 2, Some(&newer)).await;
    slow.finish().await.unwrap();
    shows(&world, Some(&image(2)));
}

/// The record alone cannot tell either of them: each finds its own event in it.
#[tokio::test]
async fn an_older_upload_puts_between_the_put_and_the_write_of_a_newer_one() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&older), "before put 4").await;
    let newer = world.upload(image(2));
    let quick = start_until(&world, &tables, 2, Some(&newer), "before PutItem").await;
    slow.finish().await.unwrap();
    quick.finish().await.unwrap();
    shows(&world, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_it_put_and_its_object_is_replaced() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&older), "before put 4").await;
    let newer = world.upload(image(2));
    let quick = start_until(&world, &tables, 2, Some(&newer), "before PutItem").await;
    drop(slow.until("before PutItem").await);
    // The newer upload's record is not written yet.
    handle(&world, &tables, 1, Some(&older)).await;
    quick.finish().await.unwrap();
    shows(&world, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_its_put_and_is_retried_late() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&older), "before put 4").await;
    let newer = world.upload(image(2));
    handle(&world, &tables, 2, Some(&newer)).await;
    drop(slow.until("before PutItem").await);
    handle(&world, &tables, 1, Some(&older)).await;
    shows(&world, Some(&image(2)));
}

#[tokio::test]
async fn an_attempt_dies_after_it_put_and_its_twin_has_written() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&older), "before put 4").await;
    handle(&world, &tables, 1, Some(&older)).await;
    let newer = world.upload(image(2));
    let quick = start_until(&world, &tables, 2, Some(&newer), "before PutItem").await;
    drop(slow.until("before PutItem").await);
    handle(&world, &tables, 1, Some(&older)).await;
    quick.finish().await.unwrap();
    shows(&world, Some(&image(2)));
}

#[tokio::test]
async fn a_new_upload_is_done_before_the_old_one_is_removed() {
    let (world, tables) = (World::default(), Tables::create().await);
    let older = world.upload(image(1));
    handle(&world, &tables, 1, Some(&older)).await;
    world.state().raw = None;
    let slow = start_until(&world, &tables, 2, None, "before delete 4").await;
    let newer = world.upload(image(2));
    handle(&world, &tables, 3, Some(&newer)).await;
    slow.finish().await.unwrap();
    shows(&world, Some(&image(2)));
    assert!(!is_deleted(&tables).await);
}

#[tokio::test]
async fn a_removal_is_done_before_the_upload_has_put() {
    let (world, tables) = (World::default(), Tables::create().await);
    let e_tag = world.upload(image(1));
    let slow = start_until(&world, &tables, 1, Some(&e_tag), "before put 4").await;
    world.state().raw = None;
    handle(&world, &tables, 2, None).await;
    slow.finish().await.unwrap();
    shows(&world, None);
    assert!(is_deleted(&tables).await);
}

#[tokio::test]
async fn a_removal_arrives_before_its_upload() {
    let (world, tables) = (World::default(), Tables::create().await);
    let e_tag = world.upload(image(1));
    world.state().raw = None;
    handle(&world, &tables, 2, None).await;
    handle(&world, &tables, 1, Some(&e_tag)).await;
    shows(&world, None);
    assert!(is_deleted(&tables).await);
}

/// A record must not name a thumbnail that is gone, nor one that has not been put yet.
#[tokio::test]
async fn a_record_is_written_after_thumbnails_are_put_and_before_they_are_deleted() {
    let (world, tables) = (World::default(), Tables::create().await);
    let e_tag = world.upload(image(1));
    let creation = start(&world, &tables, 1, Some(&e_tag)).await;
    let creation = creation.until("before PutItem").await;
    shows(&world, Some(&image(1)));
    creation.finish().await.unwrap();

    world.state().raw = None;
    let removal = start(&world, &tables, 2, None).await;
    let removal = removal.until("before delete 4").await;
    assert!(is_deleted(&tables).await);
    shows(&world, Some(&image(1)));
    removal.finish().await.unwrap();
    shows(&world, None);
}

/// The check of the original has to follow the last put: here the object is replaced right after it.
#[tokio::test]
async fn an_object_that_is_replaced_after_the_puts_is_noticed() {
    let (world, tables) = (World::default(), Tables::create().await);
    let e_tag = world.upload(image(1));
    let creation = start(&world, &tables, 1, Some(&e_tag)).await;
    let creation = creation.until("before PutItem").await;
    world.upload(image(2));
    creation.finish().await.unwrap();
    shows(&world, Some(&image(2)));
}

#[tokio::test]
async fn no_event_takes_more_than_four_calls_in_a_row() {
    let (world, tables) = (World::default(), Tables::create().await);
    let first = world.upload(image(1));
    let rounds = async |n, e_tag| {
        let (rounds, result) = world
            .start(&tables, event(KEY, n, e_tag))
            .await
            .rounds()
            .await;
        result.unwrap();
        rounds
    };
    let read = vec!["GetItem", "get"];
    let put = vec!["put 16", "put 4"];
    assert_eq!(
        rounds(1, Some(&first)).await,
        [read.clone(), put.clone(), vec!["PutItem", "head"]]
    );
    assert_eq!(
        rounds(1, Some(&first)).await,
        [read.clone(), vec!["head"]],
        "duplicate"
    );
    world.upload(image(2));
    assert_eq!(
        rounds(2, Some(&first)).await,
        [read.clone(), vec!["get"], put, vec!["head"]],
        "superseded"
    );
    world.state().raw = None;
    let delete = vec!["delete 16", "delete 4"];
    assert_eq!(
        rounds(3, None).await,
        [
            vec!["GetItem"],
            vec!["PutItem", "get"],
            delete.clone(),
            vec!["head"]
        ],
        "removed"
    );
    assert_eq!(
        rounds(1, Some(&first)).await,
        [read, delete, vec!["head"]],
        "late"
    );
}
