//! Does what effects name, in tasks of its own: finds the service, asks, acts, follows streams, tries routes.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use windlass_core::admin::protocol::{Act, Ask, Exchange, LogLine};
use windlass_core::admin::{Batches, Source, Via};
use windlass_core::app::Project;
use windlass_core::error::{Code, Error, Result};

use crate::attempt;
use crate::effect::{Effect, Watch};
use crate::message::{Link, Message, Refusal};

/// Between two looks for a service that is not there.
const AGAIN: Duration = Duration::from_secs(1);
/// So often a lost service is looked for before the console goes on without one.
const LOOKS: u32 = 3;
/// Messages that wait for the loop; more make the tasks wait.
const WAITING: usize = 64;

/// The tasks around the loop. They end when it is dropped.
pub struct Worker {
    source: watch::Receiver<Option<Arc<Source>>>,
    lost: Arc<Notify>,
    look: Arc<Notify>,
    tell: mpsc::Sender<Message>,
    finder: JoinHandle<()>,
    stream: Option<JoinHandle<()>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.finder.abort();
        if let Some(stream) = &self.stream {
            stream.abort();
        }
    }
}

impl Worker {
    /// Begins to look for the service of a project; what happens comes out of the receiver.
    #[must_use]
    pub fn start(project: Project) -> (Self, mpsc::Receiver<Message>) {
        let (tell, told) = mpsc::channel(WAITING);
        let (found, source) = watch::channel(None);
        let (lost, look) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let finder = Finder {
            project,
            found,
            lost: Arc::clone(&lost),
            look: Arc::clone(&look),
            tell: tell.clone(),
        };
        let worker = Self {
            source,
            lost,
            look,
            tell,
            finder: tokio::spawn(finder.run()),
            stream: None,
        };
        (worker, told)
    }

    /// Does what an effect names; what comes of it is told later.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(ask) => self.ask(ask),
            Effect::Act(act) => self.act(act),
            Effect::Watch(watch) => self.watch(watch),
            Effect::Try(trial) => {
                let tell = self.tell.clone();
                tokio::spawn(async move {
                    let reply = attempt::send(trial).await;
                    _ = tell.send(Message::Tried(reply)).await;
                });
            }
            Effect::Reconnect => self.look.notify_one(),
            // The loop's own.
            Effect::Copy(_) | Effect::Quit => {}
        }
    }

    fn ask(&self, ask: Ask) {
        let (source, tell, lost) = self.handles();
        tokio::spawn(async move {
            let answer = match source {
                Some(source) => source.ask(ask.clone()).await,
                None => Err(nobody()),
            };
            notice(&answer, &lost);
            let answer = answer.map_err(|error| Refusal::from(&error));
            // The loop may be over.
            _ = tell.send(Message::Answered(ask, answer)).await;
        });
    }

    fn act(&self, act: Act) {
        let (source, tell, lost) = self.handles();
        tokio::spawn(async move {
            let done = match source {
                Some(source) => source.act(act.clone(), Via::Console).await,
                None => Err(nobody()),
            };
            notice(&done, &lost);
            let done = done.map_err(|error| Refusal::from(&error));
            _ = tell.send(Message::Acted(act, done)).await;
        });
    }

    fn watch(&mut self, watch: Option<Watch>) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
        let Some(watch) = watch else { return };
        let (source, tell, lost) = self.handles();
        let Some(source) = source else { return };
        self.stream = Some(tokio::spawn(async move {
            let ended = match watch {
                Watch::Traffic => follow::<Exchange>(source.traffic("").await, &tell, Message::Traffic).await,
                Watch::Logs => follow::<LogLine>(source.logs("").await, &tell, Message::Logs).await,
            };
            notice(&ended, &lost);
        }));
    }

    fn handles(&self) -> (Option<Arc<Source>>, mpsc::Sender<Message>, Arc<Notify>) {
        (self.source.borrow().clone(), self.tell.clone(), Arc::clone(&self.lost))
    }
}

/// Hands batches on until the stream ends.
async fn follow<T>(
    feed: Result<Batches<T>>,
    tell: &mpsc::Sender<Message>,
    message: fn(Vec<T>) -> Message,
) -> Result<()> {
    let mut feed = feed?;
    while let Some(batch) = feed.recv().await {
        let batch = batch?;
        if batch.lost > 0 && tell.send(Message::Lost(batch.lost)).await.is_err() {
            return Ok(());
        }
        if !batch.items.is_empty() && tell.send(message(batch.items)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// A service that does not answer any more is looked for anew.
fn notice<T>(result: &Result<T>, lost: &Notify) {
    if result.as_ref().is_err_and(|error| error.code() == Code::ServiceDown) {
        lost.notify_one();
    }
}

fn nobody() -> Error {
    Error::new(Code::ServiceDown, "there is no connection to the service")
        .with_hint("The console looks for it once a second.")
}

/// Looks for the service, as long as the console runs.
struct Finder {
    project: Project,
    found: watch::Sender<Option<Arc<Source>>>,
    lost: Arc<Notify>,
    look: Arc<Notify>,
    tell: mpsc::Sender<Message>,
}

impl Finder {
    async fn run(self) {
        // How often it was looked for in vain since it was lost.
        let mut looks = LOOKS;
        loop {
            match Source::find(&self.project).await {
                Ok(source) if source.is_live() => {
                    self.found.send_replace(Some(Arc::new(source)));
                    // What was lost before is not this one.
                    let stale = self.lost.notified();
                    tokio::pin!(stale);
                    stale.as_mut().enable();
                    self.say(Link::Live).await;
                    stale.await;
                    looks = 0;
                    self.found.send_replace(None);
                    self.say(Link::Lost {
                        since: now(),
                        reason: "the service does not answer any more".to_owned(),
                    })
                    .await;
                    continue;
                }
                Ok(source) if looks >= LOOKS => {
                    if self.found.borrow().is_none() {
                        self.found.send_replace(Some(Arc::new(source)));
                    }
                    self.say(Link::Offline {
                        reason: "no service answers".to_owned(),
                    })
                    .await;
                }
                Err(error) if error.code() == Code::ProtocolMismatch => {
                    self.say(Link::Incompatible { reason: told(&error) }).await;
                }
                Err(error) if looks >= LOOKS => {
                    self.say(Link::Offline { reason: told(&error) }).await;
                }
                Ok(_) | Err(_) => looks += 1,
            }
            // Nobody tells when a service starts.
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = self.look.notified() => {}
            }
        }
    }

    async fn say(&self, link: Link) {
        // The loop may be over; then this task ends soon.
        _ = self.tell.send(Message::Link(link)).await;
    }
}

fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{}. {hint}", error.message()),
        None => error.message().to_owned(),
    }
}

/// Unix time in milliseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
