//! Whatever the order and repetition of events, both writers end in the same record and the same index.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use events::{Change, ObjectEvent};
use proptest::prelude::*;
use records::{
    Analysis, Decimal, Label, Merged, Part, Record, State, Thumbnail, Thumbnails, Write, href,
    merge,
};

const SIZES: [u32; 2] = [256, 1024];

fn start() -> DateTime<Utc> {
    "2026-11-22T13:00:00Z".parse().expect("a time")
}

/// What happens to the object.
#[derive(Clone, Debug)]
enum Happening {
    Uploaded {
        labels: Vec<(String, Decimal)>,
        readable: bool,
    },
    Removed,
}

fn event(n: usize, happening: &Happening) -> ObjectEvent {
    let change = match happening {
        Happening::Uploaded { .. } => Change::Created {
            e_tag: format!("{n}"),
            bytes: n as u64,
        },
        Happening::Removed => Change::Removed { version: None },
    };
    ObjectEvent {
        bucket: "raw".into(),
        key: "pets/cat.jpg".into(),
        sequencer: format!("{n:08X}").parse().expect("a sequencer"),
        time: start() + TimeDelta::seconds(i64::try_from(n).expect("few events")),
        change,
        reprocess: false,
    }
}

fn thumbnails(n: usize) -> Part<Thumbnails> {
    let item = |size| Thumbnail {
        size,
        width: size,
        height: 1,
        bytes: n as u64,
        content_type: "image/jpeg".into(),
        href: href(size, "pets/cat.jpg"),
    };
    let items = SIZES.into_iter().map(item).collect();
    Part::Done(Thumbnails {
        width: 4000,
        height: 3000,
        format: "jpeg".into(),
        placeholder: "1QcSHQRnh493V4dIh4eXh1h4kJUI".into(),
        items,
    })
}

fn analysis(labels: &[(String, Decimal)]) -> Part<Analysis> {
    let label = |(name, confidence): &(String, Decimal)| Label {
        name: name.clone(),
        confidence: *confidence,
        parents: vec![],
        instances: vec![],
    };
    Part::Done(Analysis {
        labels: labels.iter().map(label).collect(),
    })
}

#[derive(Clone, Copy, Debug)]
enum Writer {
    CreateThumbnail,
    AnalyzeImage,
}

fn write(n: usize, happening: &Happening, writer: Writer) -> Write {
    let bytes = n as u64;
    let deleted = BTreeSet::new();
    match (happening, writer) {
        (Happening::Removed, Writer::CreateThumbnail) => Write::Removed,
        (Happening::Removed, Writer::AnalyzeImage) => Write::RemovedFromIndex,
        (Happening::Uploaded { readable: true, .. }, Writer::CreateThumbnail) => {
            Write::Thumbnails {
                bytes,
                part: thumbnails(n),
                deleted,
            }
        }
        (Happening::Uploaded { .. }, Writer::CreateThumbnail) => Write::Thumbnails {
            bytes,
            part: Part::failed("CorruptImage", "broken"),
            deleted: SIZES.into(),
        },
        (
            Happening::Uploaded {
                labels,
                readable: true,
            },
            Writer::AnalyzeImage,
        ) => Write::Analysis {
            content: None,
            bytes,
            part: analysis(labels),
        },
        (Happening::Uploaded { .. }, Writer::AnalyzeImage) => Write::Analysis {
            content: None,
            bytes,
            part: Part::failed("CorruptImage", "broken"),
        },
    }
}

/// Both tables, with the transaction that keeps them together.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tables {
    record: Option<Record>,
    rows: BTreeMap<String, Decimal>,
}

impl Tables {
    fn deliver(&mut self, n: usize, happening: &Happening, writer: Writer) {
        let outcome = merge(
            self.record.as_ref(),
            &event(n, happening),
            &write(n, happening, writer),
        );
        let Merged::Write(new) = outcome else { return };
        assert_eq!(new.rev, self.record.as_ref().map_or(0, |old| old.rev) + 1);
        let changes = new.index_changes(self.record.as_ref());
        if !changes.is_empty() {
            assert!(
                matches!(writer, Writer::AnalyzeImage),
                "the index has one writer"
            );
        }
        for (label, confidence) in &changes.delete {
            assert_eq!(
                self.rows.remove(label),
                Some(*confidence),
                "only what is there is deleted"
            );
        }
        for (label, confidence) in &changes.put {
            assert_eq!(
                self.rows.insert(label.clone(), *confidence),
                None,
                "no row is left behind"
            );
        }
        self.record = Some(*new);
    }

    fn without_rev(mut self) -> Self {
        if let Some(record) = &mut self.record {
            record.rev = 0;
        }
        self
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    let labels = proptest::collection::btree_map("[A-D]", (0..100_i32).prop_map(f64::from), 0..4);
    prop_oneof![
        3 => (labels, prop::bool::weighted(0.8)).prop_map(|(labels, readable)| Happening::Uploaded {
            labels: labels.into_iter().map(|(name, value)| (name, Decimal::percentage(value))).collect(),
            readable,
        }),
        1 => Just(Happening::Removed),
    ]
}

/// A history, and an order in which it is delivered: each event to each writer at least once, except that a
/// writer may find an upload gone by the time it looks, unless it is the last.
fn deliveries() -> impl Strategy<Value = (Vec<Happening>, Vec<(usize, Writer)>)> {
    proptest::collection::vec(happening(), 1..6)
        .prop_flat_map(|history| {
            let pairs = history.len() * 2;
            (Just(history), proptest::collection::vec(0..4_usize, pairs))
        })
        .prop_flat_map(|(history, times)| {
            let last = history.len() - 1;
            let order: Vec<_> = (0..history.len())
                .flat_map(|n| [(n, Writer::CreateThumbnail), (n, Writer::AnalyzeImage)])
                .zip(times)
                .flat_map(|((n, writer), times)| {
                    let skips = n < last && matches!(history[n], Happening::Uploaded { .. });
                    let times = if skips { times } else { times.max(1) };
                    std::iter::repeat_n((n, writer), times)
                })
                .collect();
            (Just(history), Just(order).prop_shuffle())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_order_of_delivery_ends_like_the_right_one((history, order) in deliveries()) {
        let mut orderly = Tables::default();
        for (n, happening) in history.iter().enumerate() {
            orderly.deliver(n, happening, Writer::CreateThumbnail);
            orderly.deliver(n, happening, Writer::AnalyzeImage);
        }
        let mut tables = Tables::default();
        for (n, writer) in order {
            let before = tables.clone();
            tables.deliver(n, &history[n], writer);
            // A part that is there belongs to the record's upload, and repeating the event changes nothing.
            let after = tables.clone();
            tables.deliver(n, &history[n], writer);
            prop_assert_eq!(&tables, &after);
            prop_assert!(before.record.map(|old| old.seq) <= after.record.as_ref().map(|new| new.seq.clone()));
            if let Some(image) = after.record.as_ref().and_then(Record::image) {
                if let Part::Done(made) = &image.thumbnails {
                    prop_assert_eq!(made.items[0].bytes, image.bytes);
                }
                if let Part::Done(analysis) = &image.analysis {
                    let labels = analysis.labels.iter().map(|label| (label.name.clone(), label.confidence));
                    prop_assert_eq!(labels.collect::<BTreeMap<_, _>>(), after.rows.clone());
                }
            }
        }
        let (orderly, mut ended) = (orderly.without_rev(), tables.without_rev());
        // Which sizes were ever made depends on whether an upload was gone before it was handled; those of the
        // last upload are always known.
        if let (Some(ended), Some(orderly)) = (&mut ended.record, &orderly.record) {
            if orderly.image().is_some_and(|image| image.thumbnails.done().is_some()) {
                prop_assert!(ended.sizes.is_superset(&SIZES.into()));
            }
            ended.sizes.clone_from(&orderly.sizes);
        }
        prop_assert_eq!(ended, orderly);
    }
}

fn written(outcome: Merged) -> Record {
    match outcome {
        Merged::Write(record) => *record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_upload_resets_the_other_part_and_keeps_what_must_be_deleted() {
    let upload = Happening::Uploaded {
        labels: vec![("Cat".into(), Decimal::new(98.71))],
        readable: true,
    };
    let first = event(1, &upload);
    let record = written(merge(
        None,
        &first,
        &write(1, &upload, Writer::AnalyzeImage),
    ));
    let record = written(merge(
        Some(&record),
        &first,
        &write(1, &upload, Writer::CreateThumbnail),
    ));
    let image = record.image().unwrap();
    assert!(!image.analysis.is_pending() && !image.thumbnails.is_pending());

    let unreadable = Happening::Uploaded {
        labels: vec![],
        readable: false,
    };
    let second = event(2, &unreadable);
    let record = written(merge(
        Some(&record),
        &second,
        &write(2, &unreadable, Writer::AnalyzeImage),
    ));
    let image = record.image().unwrap();
    assert_eq!(image.bytes, 2);
    assert!(image.thumbnails.is_pending());
    assert!(
        record.indexed.is_empty(),
        "an image that failed has no labels"
    );
    assert_eq!(
        record.sizes,
        BTreeSet::from(SIZES),
        "older thumbnails are still in the bucket"
    );

    let record = written(merge(
        Some(&record),
        &second,
        &write(2, &unreadable, Writer::CreateThumbnail),
    ));
    assert!(record.sizes.is_empty());
    assert_eq!(
        merge(
            Some(&record),
            &first,
            &write(1, &upload, Writer::CreateThumbnail)
        ),
        Merged::Late
    );
}

#[test]
fn a_delete_that_arrives_before_its_create_wins() {
    let removed = Happening::Removed;
    let tombstone = written(merge(None, &event(2, &removed), &Write::Removed));
    let expires_at = (start() + TimeDelta::seconds(2) + TimeDelta::days(60)).timestamp();
    assert_eq!(tombstone.state, State::Deleted { expires_at });
    let upload = Happening::Uploaded {
        labels: vec![],
        readable: true,
    };
    for writer in [Writer::CreateThumbnail, Writer::AnalyzeImage] {
        assert_eq!(
            merge(
                Some(&tombstone),
                &event(1, &upload),
                &write(1, &upload, writer)
            ),
            Merged::Late
        );
    }
    // Of two events that S3 would never number alike, the removal wins.
    let same = event(2, &upload);
    assert_eq!(
        merge(
            Some(&tombstone),
            &same,
            &write(2, &upload, Writer::AnalyzeImage)
        ),
        Merged::Duplicate
    );
}

#[test]
fn a_tombstone_keeps_the_index_for_its_own_writer() {
    let upload = Happening::Uploaded {
        labels: vec![("Cat".into(), Decimal::new(98.71))],
        readable: true,
    };
    let record = written(merge(
        None,
        &event(1, &upload),
        &write(1, &upload, Writer::AnalyzeImage),
    ));
    let removed = event(2, &Happening::Removed);
    let tombstone = written(merge(Some(&record), &removed, &Write::Removed));
    assert!(tombstone.is_deleted());
    assert_eq!(tombstone.indexed.len(), 1);
    let deleted = written(merge(Some(&tombstone), &removed, &Write::RemovedFromIndex));
    assert_eq!(
        deleted.index_changes(Some(&tombstone)).delete,
        [("Cat".into(), Decimal::new(98.71))]
    );
    assert_eq!(
        merge(Some(&deleted), &removed, &Write::RemovedFromIndex),
        Merged::Duplicate
    );
    assert_eq!(
        merge(Some(&deleted), &removed, &Write::Removed),
        Merged::Duplicate
    );
}
