//! The store, through the real SDK, against an embedded `DynamoDB`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use events::{Change, ObjectEvent};
use records::{
    Analysis, Decimal, Label, Part, Store, StoreError, Thumbnail, Thumbnails, Verdict, Write, href,
};
use test_world::{Gate, Invocation, Step, Tables};

async fn stores() -> (Client, Store, Store) {
    let client = Tables::create().await.client();
    let thumbnails = Store::new(client.clone(), "images");
    let analysis = Store::new(client.clone(), "images").with_index("labels");
    (client, thumbnails, analysis)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn event(key: &str, n: u32, created: bool) -> ObjectEvent {
    let change = if created {
        Change::Created {
            e_tag: "e".into(),
            bytes: 1_234_567,
        }
    } else {
        Change::Removed { version: None }
    };
    ObjectEvent {
        bucket: "raw".into(),
        key: key.into(),
        sequencer: format!("{n:X}").parse().expect("a sequencer"),
        time: "2026-11-22T13:00:00Z".parse().expect("a time"),
        change,
        reprocess: false,
    }
}

fn labels(names: impl IntoIterator<Item = (String, f64)>) -> Write {
    let label = |(name, confidence)| Label {
        name,
        confidence: Decimal::percentage(confidence),
        parents: vec!["Thing".into()],
        instances: vec![],
    };
    let part = Part::Done(Analysis {
        labels: names.into_iter().map(label).collect(),
    });
    Write::Analysis {
        content: None,
        bytes: 1_234_567,
        part,
    }
}

fn thumbnails(key: &str) -> Write {
    let item = Thumbnail {
        size: 256,
        width: 256,
        height: 192,
        bytes: 9876,
        content_type: "image/jpeg".into(),
        href: href(256, key),
    };
    let made = Thumbnails {
        width: 4000,
        height: 3000,
        format: "jpeg".into(),
        placeholder: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
        items: vec![item],
    };
    Write::Thumbnails {
        bytes: 1_234_567,
        part: Part::Done(made),
        deleted: BTreeSet::new(),
    }
}

/// The rows of the label table: rank to label.
async fn rows(client: &Client) -> BTreeMap<String, String> {
    let response = client
        .scan()
        .table_name("labels")
        .consistent_read(true)
        .send()
        .await
        .expect("a scan");
    let text = |item: &std::collections::HashMap<String, AttributeValue>, name: &str| {
        item[name].as_s().expect("a text").clone()
    };
    response
        .items()
        .iter()
        .map(|item| (text(item, "Rank"), text(item, "Label")))
        .collect()
}

async fn stored(client: &Client, id: &str) -> HashMap<String, AttributeValue> {
    let response = client
        .get_item()
        .table_name("images")
        .key("Id", AttributeValue::S(id.into()))
        .send()
        .await
        .expect("a response");
    response.item.expect("an item")
}

#[tokio::test]
async fn an_item_holds_what_the_routes_return() {
    let (client, create, analyze) = stores().await;
    let key = "pets/cät.jpg";
    let upload = event(key, 0xA1, true);
    analyze
        .write(
            &upload,
            &labels([("Cat".into(), 98.71), ("Pet".into(), 100.0)]),
            soon(),
        )
        .await
        .unwrap();
    create
        .write(&upload, &thumbnails(key), soon())
        .await
        .unwrap();

    let item = stored(&client, key).await;
    let text = |name: &str| item[name].as_s().unwrap().as_str();
    let number = |name: &str| item[name].as_n().unwrap().as_str();
    assert_eq!(text("Seq"), "A1000000000000000000000000000000");
    assert_eq!(text("UploadedAt"), "2026-11-22T13:00:00.000Z");
    assert_eq!(
        (text("Listed"), text("ListedAt")),
        ("image", "1795352400000")
    );
    assert_eq!((number("Bytes"), number("Rev")), ("1234567", "2"));
    assert_eq!(
        text("Analysis"),
        concat!(
            r#"{"status":"done","labels":[{"name":"Cat","confidence":98.71,"parents":["Thing"],"instances":[]},"#,
            r#"{"name":"Pet","confidence":100,"parents":["Thing"],"instances":[]}]}"#
        )
    );
    assert_eq!(
        text("AnalysisSummary"),
        r#"{"status":"done","labels":[{"name":"Cat","confidence":98.71},{"name":"Pet","confidence":100}]}"#
    );
    assert!(text("Thumbnails").contains(r#""href":"thumbnails/256/pets/c%C3%A4t.jpg""#));
    let first = item["Labels"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(first["Name"].as_s().unwrap(), "Cat");
    assert_eq!(first["Confidence"].as_n().unwrap(), "98.71");
    assert!(!item.contains_key("Deleted") && !item.contains_key("ExpiresAt"));

    let expected = [
        ("098.7100#pets/cät.jpg", "Cat"),
        ("100.0000#pets/cät.jpg", "Pet"),
    ];
    assert_eq!(
        rows(&client).await,
        expected
            .map(|(rank, label)| (rank.into(), label.into()))
            .into()
    );
}

#[tokio::test]
async fn a_tombstone_expires_and_is_not_shown() {
    let (client, create, analyze) = stores().await;
    let upload = event("cat.jpg", 1, true);
    analyze
        .write(&upload, &labels([("Cat".into(), 98.71)]), soon())
        .await
        .unwrap();
    let removed = event("cat.jpg", 2, false);
    create
        .write(&removed, &Write::Removed, soon())
        .await
        .unwrap();

    let item = stored(&client, "cat.jpg").await;
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["Deleted", "ExpiresAt", "Id", "Indexed", "Rev", "Seq"]
    );
    assert_eq!(item["Deleted"].as_bool(), Ok(&true));
    assert_eq!(item["ExpiresAt"].as_n().unwrap(), "1800536400");
    assert_eq!(rows(&client).await.len(), 1, "the index is analyze-image's");

    analyze
        .write(&removed, &Write::RemovedFromIndex, soon())
        .await
        .unwrap();
    assert_eq!(rows(&client).await, BTreeMap::new());
    let record = create.read("cat.jpg").await.unwrap().unwrap();
    assert!(record.is_deleted() && record.indexed.is_empty());
    let late = create
        .write(&upload, &thumbnails("cat.jpg"), soon())
        .await
        .unwrap();
    assert_eq!((late.verdict, late.record), (Verdict::Late, record));
}

#[tokio::test]
async fn forty_nine_labels_replace_forty_nine_others_at_once() {
    let (client, _, analyze) = stores().await;
    let fifty = |prefix: &'static str| {
        (0..records::MAX_LABELS).map(move |n| (format!("{prefix}{n}"), 50.0))
    };
    let key = "k".repeat(records::MAX_KEY_BYTES);
    analyze
        .write(&event(&key, 1, true), &labels(fifty("Old")), soon())
        .await
        .unwrap();
    analyze
        .write(&event(&key, 2, true), &labels(fifty("New")), soon())
        .await
        .unwrap();
    let scan = client.scan().table_name("labels").send().await.unwrap();
    let mut found: Vec<_> = scan
        .items()
        .iter()
        .map(|item| item["Label"].as_s().unwrap().clone())
        .collect();
    found.sort();
    let mut expected: Vec<_> = fifty("New").map(|(name, _)| name).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_repeated_event_writes_nothing() {
    let (_, create, _) = stores().await;
    let upload = event("cat.jpg", 1, true);
    let first = create
        .write(&upload, &thumbnails("cat.jpg"), soon())
        .await
        .unwrap();
    let second = create
        .write(&upload, &thumbnails("cat.jpg"), soon())
        .await
        .unwrap();
    assert_eq!(
        (first.verdict, second.verdict),
        (Verdict::Written, Verdict::Duplicate)
    );
    assert_eq!(first.record, second.record);
}

/// Both functions, several times each, all at once: every write is either the one that counts or gives way.
#[tokio::test]
async fn writers_that_conflict_start_again() {
    let (client, create, analyze) = stores().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 1..=4_u32 {
        for copy in 0..2 {
            let (create, analyze) = (create.clone(), analyze.clone());
            let upload = event("cat.jpg", n, true);
            let name = format!("Label{n}");
            if copy == 0 {
                let upload = upload.clone();
                writers.spawn(async move {
                    create.write(&upload, &thumbnails("cat.jpg"), soon()).await
                });
            }
            writers.spawn(async move {
                analyze
                    .write(&upload, &labels([(name, 90.0)]), soon())
                    .await
            });
        }
    }
    while let Some(written) = writers.join_next().await {
        written.unwrap().unwrap();
    }
    let record = create.read("cat.jpg").await.unwrap().unwrap();
    assert_eq!(record.seq, "4".parse().unwrap());
    let image = record.image().unwrap();
    assert!(image.thumbnails.done().is_some());
    assert_eq!(image.analysis.done().unwrap().labels[0].name, "Label4");
    assert_eq!(
        rows(&client).await,
        BTreeMap::from([("090.0000#cat.jpg".into(), "Label4".into())])
    );
}

/// The refusal of a write has the record that was written meanwhile, so none has to be read; without one, it is read.
#[tokio::test]
async fn a_write_to_a_record_that_has_changed_follows_the_refusal() {
    for with_index in [false, true] {
        let tables = Tables::create().await;
        let other = Store::new(tables.client(), "images");
        let gate = Gate::closed();
        let store = Store::new(tables.gated(&gate), "images").with_index("labels");
        let upload = event("cat.jpg", 1, true);
        let write = if with_index {
            labels([("Cat".into(), 98.71)])
        } else {
            labels([])
        };
        let write = {
            let upload = upload.clone();
            async move { store.replace_read(None, &upload, &write, soon()).await }
        };
        let waiting = Invocation::start(gate, write).await.waits();
        other
            .write(&upload, &thumbnails("cat.jpg"), soon())
            .await
            .unwrap();
        let (rounds, written) = Step::Waits(waiting).rounds().await;
        let call = if with_index {
            "TransactWriteItems"
        } else {
            "PutItem"
        };
        assert_eq!(rounds, [[call], [call]]);
        let written = written.unwrap();
        assert_eq!(written.verdict, Verdict::Written);
        assert_eq!(other.read("cat.jpg").await.unwrap(), Some(written.record));
    }
}

#[tokio::test]
async fn a_record_that_is_gone_is_read_again_and_written_anew() {
    let (client, create, analyze) = stores().await;
    let changes = [
        ("put.jpg", labels([])),
        ("transaction.jpg", labels([("Cat".into(), 98.71)])),
    ];
    for (key, write) in changes {
        let upload = event(key, 1, true);
        let read = create
            .write(&upload, &thumbnails(key), soon())
            .await
            .unwrap()
            .record;
        client
            .delete_item()
            .table_name("images")
            .key("Id", AttributeValue::S(key.into()))
            .send()
            .await
            .unwrap();
        let written = analyze
            .replace_read(Some(read), &upload, &write, soon())
            .await
            .unwrap();
        assert_eq!((written.verdict, written.record.rev), (Verdict::Written, 1));
    }
}

#[tokio::test]
async fn what_dynamodb_refuses_is_an_error_with_its_causes() {
    let (client, _, analyze) = stores().await;
    client
        .delete_table()
        .table_name("labels")
        .send()
        .await
        .unwrap();
    let error = analyze
        .write(
            &event("cat.jpg", 1, true),
            &labels([("Cat".into(), 9.0)]),
            soon(),
        )
        .await
        .unwrap_err();
    let message = events::chain(&error);
    assert!(
        message.starts_with("record of \"cat.jpg\" cannot be written to table images: "),
        "{message}"
    );
    assert!(message.contains("ResourceNotFoundException"), "{message}");
    assert!(
        analyze.read("cat.jpg").await.unwrap().is_none(),
        "all or nothing"
    );

    let nowhere = Store::new(client, "elsewhere");
    let error = nowhere.read("cat.jpg").await.unwrap_err();
    assert!(matches!(&error, StoreError::Read { table, .. } if table == "elsewhere"));
}

#[tokio::test]
async fn a_foreign_item_is_named_and_left_alone() {
    let (client, create, _) = stores().await;
    let id = AttributeValue::S("cat.jpg".into());
    client
        .put_item()
        .table_name("images")
        .item("Id", id)
        .send()
        .await
        .unwrap();
    let error = create
        .write(&event("cat.jpg", 1, true), &thumbnails("cat.jpg"), soon())
        .await
        .unwrap_err();
    assert_eq!(
        events::chain(&error),
        "item of \"cat.jpg\" is not a record: attribute UploadedAt is missing or of another type"
    );
}

#[tokio::test]
async fn a_function_without_an_index_cannot_change_it() {
    let (_, create, _) = stores().await;
    let error = create
        .write(
            &event("cat.jpg", 1, true),
            &labels([("Cat".into(), 9.0)]),
            soon(),
        )
        .await;
    assert!(matches!(error, Err(StoreError::NoIndex { .. })));
}

#[tokio::test]
async fn the_index_lists_images_newest_first_and_no_tombstones() {
    let (client, create, analyze) = stores().await;
    for (n, key) in [(1, "b"), (2, "c"), (3, "a"), (4, "d")] {
        let mut upload = event(key, n, true);
        upload.time += chrono::TimeDelta::milliseconds(n.into());
        analyze.write(&upload, &labels([]), soon()).await.unwrap();
        create
            .write(&upload, &thumbnails(key), soon())
            .await
            .unwrap();
    }
    create
        .write(&event("c", 5, false), &Write::Removed, soon())
        .await
        .unwrap();
    let query = client
        .query()
        .table_name("images")
        .index_name("Newest")
        .key_condition_expression("Listed = :image")
        .expression_attribute_values(":image", AttributeValue::S("image".into()))
        .scan_index_forward(false);
    let page = query.send().await.unwrap();
    let keys: Vec<&str> = page
        .items()
        .iter()
        .map(|item| item["Id"].as_s().unwrap().as_str())
        .collect();
    assert_eq!(keys, ["d", "a", "b"]);
}
