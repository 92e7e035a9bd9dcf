//! The one loop: keys, answers and time go in, frames come out; at most ten a second, and none when nothing changed.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, EventStream,
    KeyEventKind, MouseEventKind,
};
use crossterm::execute;
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use tokio::signal::unix::{SignalKind, signal};
use windlass_core::app::Project;
use windlass_core::error::{Error, Result};

use crate::effect::Effect;
use crate::message::Message;
use crate::state::State;
use crate::theme::Theme;
use crate::update::{next_tick, update};
use crate::views;
use crate::worker::Worker;

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(100);
/// Terminals refuse longer texts for their clipboard, some of them silently.
const LONGEST_COPY: usize = 74_000;

/// How the console looks and listens.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How it looks.
    pub theme: Theme,
    /// Whether the wheel works; the terminal's own selection does not then.
    pub mouse: bool,
}

/// Shows the console until the operator leaves or the process is told to end. The terminal is as before afterwards,
/// whatever happens.
///
/// # Errors
/// If the terminal cannot be used.
pub async fn run(project: Project, options: Options) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Error::internal)?;
    let mut screen = Screen::enter(options.mouse)?;
    let size = screen.terminal.size().map_err(Error::internal)?;
    let mut state = State::new(now(), (size.width, size.height));
    let (mut worker, mut answers) = Worker::start(project);
    let mut events = EventStream::new();
    let mut drawn: Option<Instant> = None;
    while !state.over {
        if state.dirty && drawn.is_none_or(|at| at.elapsed() >= FRAME) {
            state.dirty = false;
            drawn = Some(Instant::now());
            let painted = screen.terminal.draw(|frame| views::draw(frame, &state, &options.theme));
            painted.map_err(Error::internal)?;
        }
        let message = tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => translated(event),
                // The terminal is gone.
                Some(Err(_)) | None => break,
            },
            answer = answers.recv() => answer,
            () = until(next_tick(&state)) => None,
            () = frame_due(drawn), if state.dirty => continue,
            _ = terminate.recv() => break,
            _ = hangup.recv() => break,
        };
        let mut effects = update(&mut state, Message::Tick(now()));
        if let Some(message) = message {
            effects.extend(update(&mut state, message));
        }
        for effect in effects {
            match effect {
                Effect::Quit => state.over = true,
                Effect::Copy(text) => screen.copy(&text),
                other => worker.perform(other),
            }
        }
    }
    Ok(())
}

/// The terminal, taken over; given back when dropped.
struct Screen {
    terminal: DefaultTerminal,
    mouse: bool,
}

impl Screen {
    fn enter(mouse: bool) -> Result<Self> {
        // Also has panics give the terminal back first.
        let terminal = ratatui::try_init().map_err(Error::internal)?;
        let screen = Self { terminal, mouse };
        let mut out = std::io::stdout();
        execute!(out, EnableBracketedPaste).map_err(Error::internal)?;
        if mouse {
            execute!(out, EnableMouseCapture).map_err(Error::internal)?;
        }
        Ok(screen)
    }

    /// Puts text into the clipboard of the terminal, wherever it is (OSC 52).
    fn copy(&mut self, text: &str) {
        let end = (0..=text.len().min(LONGEST_COPY))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or_default();
        let text = STANDARD.encode(text.get(..end).unwrap_or_default());
        let mut out = std::io::stdout();
        // A terminal that cannot be written to has no clipboard either; the next frame tells of it.
        drop(write!(out, "\x1b]52;c;{text}\x07").and_then(|()| out.flush()));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut out = std::io::stdout();
        if self.mouse {
            drop(execute!(out, DisableMouseCapture));
        }
        drop(execute!(out, DisableBracketedPaste));
        ratatui::restore();
    }
}

fn translated(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => Some(Message::Scroll(-3)),
            MouseEventKind::ScrollDown => Some(Message::Scroll(3)),
            _ => None,
        },
        _ => None,
    }
}

/// Unix time in milliseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

async fn until(at: Option<i64>) {
    match at {
        Some(at) => {
            let wait = u64::try_from(at.saturating_sub(now())).unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        None => std::future::pending().await,
    }
}

async fn frame_due(drawn: Option<Instant>) {
    let wait = drawn.map_or(Duration::ZERO, |at| FRAME.saturating_sub(at.elapsed()));
    tokio::time::sleep(wait).await;
}
