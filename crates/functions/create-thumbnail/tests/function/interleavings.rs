//! Any order of the steps of any invocations, some of which are killed, ends with the thumbnails and the record of the
//! object in the raw bucket.

use crate::world::{self, World, event, image, soon, thumbnails_of};
use events::{Change, ObjectEvent};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use records::{Part, Store, Write};
use runtime::Failures;
use serde_json::Value;
use test_world::{Invocation, Step, Tables};

/// What a client does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Uploads one of three contents; the third is not an image. The same content has the same entity tag.
    Upload(u8),
    Delete,
}

#[derive(Clone, Debug)]
struct Plan {
    deeds: Vec<Deed>,
    /// How often each event is delivered.
    deliveries: Vec<usize>,
    /// How many invocations die on their way and are retried.
    deaths: usize,
    /// What happens next of what can happen, and for how many steps that goes on. Long runs with few changes find
    /// more than a change at every step: an invocation has to be held up while another goes all the way.
    choices: Vec<(usize, usize)>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let deed = prop_oneof![3 => (0..3_u8).prop_map(Deed::Upload), 1 => Just(Deed::Delete)];
    let deeds = proptest::collection::vec(deed, 1..4);
    let deliveries = proptest::collection::vec(prop_oneof![3 => Just(1), 1 => Just(2)], 3);
    let run = prop_oneof![1..3_usize, 3..30_usize];
    let choices = proptest::collection::vec((0..1000_usize, run), 0..25);
    (deeds, deliveries, 0..3_usize, choices).prop_map(|(deeds, deliveries, deaths, choices)| Plan {
        deeds,
        deliveries,
        deaths,
        choices,
    })
}

/// A delivery that is being handled.
struct Running {
    delivery: (usize, Value),
    invocation: Invocation<Result<(), Failures>>,
}

enum Turn {
    /// Lets one of the calls of an invocation go on.
    Advance(usize, usize),
    Start(usize),
    Analyse(usize),
    Deed,
    Die(usize),
}

struct Scheduler<'a> {
    tables: &'a Tables,
    store: &'a Store,
    world: World,
    key: String,
    /// What happened to the object: entity tag of an upload, or nothing.
    history: Vec<Option<String>>,
    waiting: Vec<(usize, Value)>,
    unanalysed: Vec<usize>,
    running: Vec<Running>,
    story: Vec<String>,
}

fn content(of: u8) -> Vec<u8> {
    if of == 2 {
        b"not an image".to_vec()
    } else {
        image(of * 200)
    }
}

impl Scheduler<'_> {
    async fn run(&mut self, plan: &Plan) -> Result<(), TestCaseError> {
        let mut deeds = plan.deeds.iter();
        let mut deaths = plan.deaths;
        let mut choices = plan.choices.iter();
        loop {
            // First in the list is what goes on when no choices are left.
            let calls = self.running.iter().enumerate().flat_map(|(n, running)| {
                let calls = running.invocation.waiting().len();
                (0..calls).map(move |call| Turn::Advance(n, call))
            });
            let mut turns: Vec<Turn> = calls.collect();
            turns.extend((0..self.waiting.len()).map(Turn::Start));
            turns.extend((0..self.unanalysed.len()).map(Turn::Analyse));
            if deeds.len() > 0 {
                turns.push(Turn::Deed);
            }
            if deaths > 0 {
                turns.extend((0..self.running.len()).map(Turn::Die));
            }
            if turns.is_empty() {
                return Ok(());
            }
            let (choice, times) = choices.next().copied().unwrap_or((0, 1));
            match turns.swap_remove(choice % turns.len()) {
                Turn::Advance(n, call) => {
                    let Running {
                        delivery,
                        invocation,
                    } = self.running.swap_remove(n);
                    self.go_on(delivery, Step::Waits(invocation), call, times)
                        .await?;
                }
                Turn::Start(n) => {
                    let delivery = self.waiting.swap_remove(n);
                    let started = self.world.start(self.tables, delivery.1.clone()).await;
                    self.go_on(delivery, started, 0, times - 1).await?;
                }
                Turn::Analyse(n) => self.analyse(n).await?,
                Turn::Deed => {
                    if let Some(deed) = deeds.next() {
                        self.act(*deed, &plan.deliveries);
                    }
                }
                Turn::Die(n) => {
                    let Running {
                        delivery,
                        invocation,
                    } = self.running.swap_remove(n);
                    self.story
                        .push(format!("{} dies {:?}", delivery.0, invocation.waiting()));
                    drop(invocation);
                    self.waiting.push(delivery);
                    deaths -= 1;
                }
            }
        }
    }

    fn act(&mut self, deed: Deed, deliveries: &[usize]) {
        let n = self.history.len();
        let mut state = self.world.state();
        let e_tag = match deed {
            // S3 sends no event for a delete that deletes nothing.
            Deed::Delete if state.raw.is_none() => return,
            Deed::Delete => None,
            Deed::Upload(of) => Some(format!("tag{of}")),
        };
        state.raw = match deed {
            Deed::Delete => None,
            Deed::Upload(of) => e_tag.clone().map(|e_tag| (e_tag, content(of))),
        };
        drop(state);
        self.story.push(format!("{n} happens: {deed:?}"));
        for _ in 0..deliveries[n] {
            self.waiting
                .push((n, event(&self.key, n, e_tag.as_deref())));
        }
        self.unanalysed.push(n);
        self.history.push(e_tag);
    }

    /// Lets a call of an invocation go on, and then as many others as there are left, in the order of arrival.
    async fn go_on(
        &mut self,
        delivery: (usize, Value),
        mut step: Step<Result<(), Failures>>,
        mut call: usize,
        times: usize,
    ) -> Result<(), TestCaseError> {
        for _ in 0..times {
            let Step::Waits(invocation) = step else { break };
            let at = invocation.waiting().swap_remove(call);
            self.story.push(format!("{} goes on {at}", delivery.0));
            step = invocation.release(call).await;
            call = 0;
        }
        match step {
            Step::Waits(invocation) => self.running.push(Running {
                delivery,
                invocation,
            }),
            Step::Ended(Ok(())) => self.story.push(format!("{} is over", delivery.0)),
            Step::Ended(Err(failures)) => {
                return Err(TestCaseError::fail(failures.to_string()));
            }
        }
        Ok(())
    }

    /// What analyze-image writes of an event, in one go.
    async fn analyse(&mut self, n: usize) -> Result<(), TestCaseError> {
        let n = self.unanalysed.swap_remove(n);
        let (change, write) = match &self.history[n] {
            Some(e_tag) => {
                let part = Part::failed("CorruptImage", "for the test");
                let e_tag = e_tag.clone();
                (
                    Change::Created {
                        e_tag,
                        bytes: n as u64,
                    },
                    Write::Analysis {
                        content: None,
                        bytes: n as u64,
                        part,
                    },
                )
            }
            None => (Change::Removed { version: None }, Write::RemovedFromIndex),
        };
        let event = ObjectEvent {
            bucket: world::RAW.into(),
            key: self.key.clone(),
            sequencer: format!("{n:08X}").parse().expect("a sequencer"),
            time: "2026-11-22T13:00:00Z".parse().expect("a time"),
            change,
            reprocess: false,
        };
        self.story.push(format!("{n} is analysed"));
        let written = self.store.write(&event, &write, soon()).await;
        written
            .map(drop)
            .map_err(|error| TestCaseError::fail(error.to_string()))
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let story = self.story.join("\n");
        let readable = {
            let state = self.world.state();
            let raw = state.raw.as_ref().map(|(_, bytes)| bytes.as_slice());
            prop_assert!(
                state.thumbnails == thumbnails_of(raw),
                "thumbnails are of another upload\n{story}"
            );
            !state.thumbnails.is_empty()
        };
        let Some(last) = self.history.len().checked_sub(1) else {
            return Ok(());
        };
        let record = self
            .store
            .read(&self.key)
            .await
            .expect("DynamoDB is there")
            .expect("a record");
        prop_assert_eq!(
            &record.seq,
            &format!("{last:08X}").parse().expect("a sequencer"),
            "{}",
            story
        );
        match (record.image(), &self.history[last]) {
            (None, None) => {}
            (Some(image), Some(_)) => {
                prop_assert_eq!(image.bytes, last as u64);
                prop_assert!(!image.analysis.is_pending(), "{story}");
                match &image.thumbnails {
                    Part::Done(_) => prop_assert!(readable, "{story}"),
                    Part::Failed { .. } => prop_assert!(!readable, "{story}"),
                    Part::Pending => prop_assert!(false, "part is missing\n{story}"),
                }
            }
            _ => prop_assert!(false, "record and object disagree\n{story}"),
        }
        Ok(())
    }
}

#[test]
fn every_interleaving_has_the_same_end() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tables = runtime.block_on(Tables::create());
    let store = Store::new(tables.client(), "images");
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&plans(), |plan| {
        case.set(case.get() + 1);
        let mut scheduler = Scheduler {
            tables: &tables,
            store: &store,
            world: World::default(),
            key: format!("{}.png", case.get()),
            history: vec![],
            waiting: vec![],
            unanalysed: vec![],
            running: vec![],
            story: vec![],
        };
        runtime.block_on(async {
            scheduler.run(&plan).await?;
            scheduler.check().await
        })
    });
    result.unwrap();
}
