use super::*;
use crate::data_folder::TemporaryFolder;

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:queue";
const DEAD: &str = "arn:aws:sqs:us-east-1:000000000000:dead";
const HOUR: u64 = 3_600_000;

fn queue(max_receive_count: u32) -> QueueAttributes {
    QueueAttributes {
        arn: QUEUE.to_owned(),
        retention_ms: 96 * HOUR,
        visibility_ms: 1000,
        redrive: Some(Redrive {
            dead_letter_arn: DEAD.to_owned(),
            max_receive_count,
        }),
    }
}

fn dead() -> QueueAttributes {
    QueueAttributes {
        arn: DEAD.to_owned(),
        retention_ms: 14 * 24 * HOUR,
        visibility_ms: 1000,
        redrive: None,
    }
}

const fn one(consumer: Option<&str>) -> Receive<'_> {
    Receive {
        max_messages: 1,
        visibility_ms: 1000,
        consumer,
    }
}

struct Fixture {
    store: Store,
    folder: TemporaryFolder,
}

impl Fixture {
    fn new() -> Self {
        let folder = TemporaryFolder::new().unwrap();
        Self {
            store: Store::open(&folder.path().join("sqs.sqlite")).unwrap(),
            folder,
        }
    }

    /// As after `kill -9`: nothing is closed or flushed by this program.
    fn reopened(self) -> Self {
        let copy = TemporaryFolder::new().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        Self {
            store: Store::open(&copy.path().join("sqs.sqlite")).unwrap(),
            folder: copy,
        }
    }

    fn send(&self, body: &str, now_ms: u64) {
        self.store.send(QUEUE, body, now_ms, 0).unwrap();
    }

    fn receive(&self, queue: &QueueAttributes, now_ms: u64) -> Option<Message> {
        let received = self.store.receive(queue, &one(None), now_ms);
        received.unwrap().0.pop()
    }

    fn body(&self, now_ms: u64) -> Option<String> {
        self.receive(&queue(100), now_ms)
            .map(|message| message.body)
    }
}

#[test]
fn a_received_message_is_hidden_until_its_visibility_timeout_has_passed() {
    let queues = Fixture::new();
    queues.send("a", 10);
    let first = queues.receive(&queue(100), 20).unwrap();
    assert_eq!((first.receive_count, first.first_received_ms), (1, 20));
    assert_eq!(queues.body(1019), None);
    let second = queues.receive(&queue(100), 1020).unwrap();
    assert_eq!((second.receive_count, second.first_received_ms), (2, 20));
    assert_eq!((second.sent_ms, &second.id), (10, &first.id));

    // The handle of the first receive is no longer valid.
    queues.store.delete(QUEUE, &first.receipt_handle).unwrap();
    assert!(
        !queues
            .store
            .change_visibility(QUEUE, &first.receipt_handle, 1030, 0)
            .unwrap()
    );
    assert_eq!(queues.store.counts(&queue(100), 1030).unwrap().in_flight, 1);
    queues.store.delete(QUEUE, &second.receipt_handle).unwrap();
    assert_eq!(queues.store.next_visible_ms(QUEUE).unwrap(), None);
}

#[test]
fn a_look_without_hiding_shows_each_message_once() {
    let queues = Fixture::new();
    queues.send("a", 10);
    queues.send("b", 11);
    let look = Receive {
        max_messages: 10,
        visibility_ms: 0,
        consumer: None,
    };
    let (messages, _) = queues.store.receive(&queue(100), &look, 20).unwrap();
    let bodies: Vec<&str> = messages
        .iter()
        .map(|message| message.body.as_str())
        .collect();
    assert_eq!(bodies, ["a", "b"]);
}

#[test]
fn visibility_can_be_shortened_and_extended_while_a_message_is_in_flight() {
    let queues = Fixture::new();
    queues.send("a", 0);
    let handle = queues.receive(&queue(100), 0).unwrap().receipt_handle;
    let change = |now_ms, for_ms| {
        queues
            .store
            .change_visibility(QUEUE, &handle, now_ms, for_ms)
            .unwrap()
    };
    assert!(change(10, 5000));
    assert_eq!(queues.store.next_visible_ms(QUEUE).unwrap(), Some(5010));
    assert!(change(20, 0));
    assert!(!change(20, 7), "it is visible again");
    assert_eq!(queues.body(20), Some("a".to_owned()));
}

#[test]
fn messages_come_in_the_order_in_which_they_became_visible() {
    let queues = Fixture::new();
    for body in ["a", "b", "c"] {
        queues.send(body, 5);
    }
    let handle = queues.receive(&queue(100), 5).unwrap().receipt_handle;
    queues
        .store
        .change_visibility(QUEUE, &handle, 5, 10)
        .unwrap();
    queues.send("d", 15);
    for body in ["b", "c", "a", "d"] {
        assert_eq!(queues.body(20).as_deref(), Some(body));
    }
}

#[test]
fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let queues = Fixture::new();
    queues.send("a", 0);
    for time in [0, 1000] {
        assert!(queues.receive(&queue(2), time).is_some());
    }
    let (messages, dead_letters) = queues.store.receive(&queue(2), &one(None), 2000).unwrap();
    assert!(messages.is_empty() && dead_letters);
    let message = queues.receive(&dead(), 2000).unwrap();
    assert_eq!(message.dead_letter_source.as_deref(), Some(QUEUE));
    assert_eq!((message.sent_ms, message.receive_count), (0, 3));
    assert_eq!(message.body, "a");
}

#[test]
fn messages_end_with_their_retention_period_counted_from_the_first_queue() {
    let queues = Fixture::new();
    queues.send("a", 0);
    queues.send("b", HOUR);
    assert_eq!(queues.body(96 * HOUR + 1).as_deref(), Some("b"));
    assert_eq!(queues.store.expire(&queue(100), 96 * HOUR + 1).unwrap(), 1);

    let queues = Fixture::new();
    queues.send("a", 0);
    queues.receive(&queue(1), 0);
    queues.receive(&queue(1), 95 * HOUR);
    let end = dead().retention_ms;
    assert_eq!(queues.store.counts(&dead(), end).unwrap().visible, 1);
    assert_eq!(queues.store.counts(&dead(), end + 1).unwrap().visible, 0);
}

#[test]
fn what_was_sent_and_received_survives_a_crash() {
    let queues = Fixture::new();
    queues.send("a", 0);
    queues.send("b", 0);
    queues.send("c", 0);
    let held = queues
        .store
        .receive(&queue(100), &one(Some("mapping")), 0)
        .unwrap()
        .0
        .remove(0);
    let client = queues.receive(&queue(100), 0).unwrap();
    let queues = queues.reopened();

    // Messages of this program's own consumer are visible immediately, those that a client holds stay hidden.
    assert_eq!(queues.store.release("mapping", 10).unwrap(), 1);
    let counts = queues.store.counts(&queue(100), 10).unwrap();
    assert_eq!((counts.visible, counts.in_flight), (2, 1));
    let again = queues.receive(&queue(100), 10).unwrap();
    assert_eq!(again.body, "c");
    let again = queues.receive(&queue(100), 10).unwrap();
    assert_eq!((again.body.as_str(), again.receive_count), ("a", 2));
    assert_eq!(again.id, held.id);
    queues.store.delete(QUEUE, &client.receipt_handle).unwrap();
    assert_eq!(queues.body(999), None);
}

#[test]
fn a_failed_message_keeps_its_visibility_timeout_over_a_crash() {
    let queues = Fixture::new();
    queues.send("a", 0);
    let message = queues
        .store
        .receive(&queue(100), &one(Some("mapping")), 0)
        .unwrap()
        .0
        .remove(0);
    queues.store.abandon(&message.receipt_handle).unwrap();
    let queues = queues.reopened();
    assert_eq!(queues.store.release("mapping", 10).unwrap(), 0);
    assert_eq!(queues.body(999), None);
    assert_eq!(queues.body(1000).as_deref(), Some("a"));
}

#[test]
fn moving_makes_new_messages_of_dead_letters() {
    let queues = Fixture::new();
    for body in ["a", "b", "c"] {
        queues.send(body, 0);
        queues.receive(&queue(1), 0);
    }
    assert_eq!(queues.receive(&queue(1), 1000), None);
    let counts = queues.store.counts(&dead(), 1000).unwrap();
    assert_eq!(counts.visible, 3);
    let moved = |destination, now_ms| {
        queues
            .store
            .move_batch(&dead(), destination, 2, now_ms)
            .unwrap()
    };
    assert_eq!(moved(None, 2000), Moved::Messages(2));
    assert_eq!(moved(Some(QUEUE), 2000), Moved::Messages(1));
    assert_eq!(moved(None, 2000), Moved::Messages(0));
    let message = queues.receive(&queue(1), 2000).unwrap();
    assert_eq!((message.sent_ms, message.receive_count), (2000, 1));
    assert_eq!(
        (message.body.as_str(), message.dead_letter_source),
        ("a", None)
    );
}

#[test]
fn a_message_that_no_queue_left_needs_a_destination() {
    let queues = Fixture::new();
    queues.send("left by a queue", 0);
    queues.receive(&queue(1), 0);
    queues.receive(&queue(1), 1000);
    queues.store.send(DEAD, "left by SNS", 1001, 0).unwrap();
    let moved = |destination| {
        queues
            .store
            .move_batch(&dead(), destination, 10, 2000)
            .unwrap()
    };
    assert_eq!(moved(None), Moved::Messages(1));
    assert_eq!(moved(None), Moved::SourceUnknown);
    assert_eq!(moved(Some(QUEUE)), Moved::Messages(1));
}

#[test]
fn messages_are_counted_without_reading_them() {
    let queues = Fixture::new();
    let connection = queues.store.connection();
    let old_index = "DROP INDEX messages_by_state; \
        CREATE INDEX messages_by_visibility ON messages (queue, visible_from_ms, number)";
    connection.execute_batch(old_index).unwrap();
    drop(connection);
    let queues = queues.reopened();
    queues.store.send(QUEUE, "body", 0, 0).unwrap();
    let plan: String = queues
        .store
        .connection()
        .query_row(
            &format!("EXPLAIN QUERY PLAN {COUNT}"),
            params![0, QUEUE, 0],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(
        plan.contains("USING COVERING INDEX messages_by_state"),
        "{plan}"
    );
    assert_eq!(queues.store.counts(&queue(100), 10).unwrap().visible, 1);
}
