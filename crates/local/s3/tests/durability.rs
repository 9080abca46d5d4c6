//! Every acknowledged change is stored and announced, in order, across restarts and whatever clients do.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use local_s3::{Change, Error, Observer, Store};
use support::raw::{Signed, add_signature, request};
use support::{ADMIN, BUCKET, Folder, Stack, delete, put};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A sequencer padded for comparison.
fn padded(change: &Change) -> String {
    format!("{:0<32}", change.sequencer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_greatest_sequencer_is_what_is_stored() {
    let stack = Arc::new(Stack::start().await);
    let writers = (0..64).map(|number| {
        let stack = stack.clone();
        tokio::spawn(async move {
            let client = stack.client();
            let key = format!("key {}", number % 4);
            let body = ByteStream::from(format!("content {number}").into_bytes());
            client
                .put_object()
                .bucket(BUCKET)
                .key(&key)
                .body(body)
                .send()
                .await
                .unwrap();
            if number % 8 == 7 {
                delete(&client, &key).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let changes = stack.changes.all();
    let mut last: HashMap<&str, &Change> = HashMap::new();
    for change in &changes {
        let entry = last.entry(&change.key).or_insert(change);
        if padded(change) > padded(entry) {
            *entry = change;
        }
    }
    assert_eq!(last.len(), 4);
    for (key, change) in last {
        let stored = stack.store.read(BUCKET, key, None).await.unwrap();
        match change.event_name {
            "ObjectRemoved:Delete" => assert!(stored.is_none(), "{key}"),
            _ => assert_eq!(stored.unwrap().version.etag, change.etag, "{key}"),
        }
    }
    let mut sequencers: Vec<String> = changes.iter().map(padded).collect();
    sequencers.sort_unstable();
    sequencers.dedup();
    assert_eq!(sequencers.len(), changes.len());
    let objects = stack
        .client()
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(stack.folder.contents(), objects.contents().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_many_first_writers_succeeds() {
    let stack = Arc::new(Stack::start().await);
    let writers = (0..16).map(|number| {
        let client = stack.client();
        tokio::spawn(async move {
            let body = ByteStream::from(vec![b'x'; number]);
            client
                .put_object()
                .bucket(BUCKET)
                .key("k")
                .if_none_match("*")
                .body(body)
                .send()
                .await
                .is_ok()
        })
    });
    let mut winners = 0;
    for writer in writers.collect::<Vec<_>>() {
        winners += usize::from(writer.await.unwrap());
    }
    assert_eq!(
        (winners, stack.changes.all().len(), stack.folder.contents()),
        (1, 1, 1)
    );
}

/// The observer of these tests is slow, and the response waits for it.
#[tokio::test]
async fn what_is_acknowledged_has_been_announced() {
    let stack = Stack::start().await;
    for count in 1..=20 {
        let put = stack
            .send(request("PUT", "/pictures/k", b"x"), Signed::Header)
            .await;
        assert_eq!(put.status, 200);
        assert_eq!(stack.changes.all().len(), count);
    }
}

/// Signals when it is called, and waits until it may continue.
#[derive(Default)]
struct Slow {
    called: Notify,
    may_go_on: Notify,
    done: Notify,
}

#[async_trait::async_trait]
impl Observer for Slow {
    async fn changed(&self, _change: Change) {
        self.called.notify_one();
        self.may_go_on.notified().await;
        self.done.notify_one();
    }
}

/// A server drops the future of a response whose client has disconnected.
#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_announcement() {
    let folder = Folder::new();
    let store = Arc::new(Store::open(&folder.0).unwrap());
    store.create_bucket(BUCKET).unwrap();
    let slow = Arc::new(Slow::default());
    let service = local_s3::service(
        support::account(),
        store.clone(),
        Arc::new(support::Policies),
        slow.clone(),
    );
    let mut put = request("PUT", "/pictures/k", b"hello");
    add_signature(&mut put, Signed::Header, ADMIN);
    let response = tokio::spawn(async move { service.call(put).await.status() });
    slow.called.notified().await;
    response.abort();
    assert!(response.await.unwrap_err().is_cancelled());
    slow.may_go_on.notify_one();
    slow.done.notified().await;
    assert!(store.read(BUCKET, "k", None).await.unwrap().is_some());
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let stack = Stack::start().await;
    let mut put = request("PUT", "/pictures/k", b"hello");
    add_signature(&mut put, Signed::Header, ADMIN);
    let headers: Vec<String> = put
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
        .collect();
    let text = format!(
        "PUT {} HTTP/1.1\r\ncontent-length: 5\r\n{}\r\nhel",
        put.uri(),
        headers.concat()
    );
    let mut connection = TcpStream::connect(stack.address).await.unwrap();
    connection.write_all(text.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut response = Vec::new();
    connection.read_to_end(&mut response).await.unwrap();
    assert!(stack.store.read(BUCKET, "k", None).await.unwrap().is_none());
    assert!(stack.changes.all().is_empty());
    assert_eq!(stack.folder.contents(), 0);
}

/// Serves the folder while `work` runs, in a separate runtime, so that no task is left afterwards.
fn serve<F: Future<Output = Vec<Change>>>(
    folder: &Arc<Folder>,
    work: impl FnOnce(Stack) -> F,
) -> Vec<Change> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { work(Stack::start_in(folder.clone()).await).await })
}

#[test]
fn objects_and_their_order_survive_a_restart() {
    let folder = Arc::new(Folder::new());
    let before = serve(&folder, |stack| async move {
        let client = stack.client();
        let body = ByteStream::from_static(b"first");
        client
            .put_object()
            .bucket(BUCKET)
            .key("å b+c")
            .content_type("image/png")
            .metadata("a", "b")
            .body(body)
            .send()
            .await
            .unwrap();
        let begun = client
            .create_multipart_upload()
            .bucket(BUCKET)
            .key("big")
            .send()
            .await
            .unwrap();
        let part = client
            .upload_part()
            .bucket(BUCKET)
            .key("big")
            .upload_id(begun.upload_id().unwrap());
        part.part_number(1)
            .body(ByteStream::from_static(b"part"))
            .send()
            .await
            .unwrap();
        std::fs::write(stack.folder.0.join("contents/orphan"), b"of a crash").unwrap();
        stack.changes.all()
    });
    let after = serve(&folder, |stack| async move {
        assert!(!stack.folder.0.join("contents/orphan").exists());
        assert_eq!(stack.folder.contents(), 2);
        let client = stack.client();
        let object = client
            .get_object()
            .bucket(BUCKET)
            .key("å b+c")
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                object.content_type(),
                object.metadata().unwrap()["a"].as_str()
            ),
            (Some("image/png"), "b")
        );
        assert_eq!(
            object.body.collect().await.unwrap().into_bytes(),
            &b"first"[..]
        );
        let uploads = client
            .list_multipart_uploads()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap();
        let id = uploads.uploads()[0].upload_id().unwrap();
        let parts = client
            .list_parts()
            .bucket(BUCKET)
            .key("big")
            .upload_id(id)
            .send()
            .await
            .unwrap();
        assert_eq!(parts.parts()[0].size(), Some(4));
        put(&client, "å b+c", b"").await;
        stack.changes.all()
    });
    assert!(padded(&after[0]) > padded(&before[0]));
}

#[test]
fn a_folder_belongs_to_one_process_at_a_time() {
    let folder = Folder::new();
    let first = Store::open(&folder.0).unwrap();
    first.create_bucket("a-bucket").unwrap();
    assert!(matches!(Store::open(&folder.0), Err(Error::InUse { .. })));
    drop(first);
    Store::open(&folder.0).unwrap();
}

/// A content stays readable while it is replaced and removed.
#[tokio::test]
async fn readers_are_not_disturbed_by_writers() {
    let stack = Stack::start().await;
    let client = stack.client();
    put(&client, "k", b"first").await;
    let opened = stack.store.read(BUCKET, "k", None).await.unwrap().unwrap();
    put(&client, "k", b"second").await;
    delete(&client, "k").await;
    assert_eq!(opened.bytes().await.unwrap(), &b"first"[..]);
    assert_eq!(stack.folder.contents(), 0);
}
