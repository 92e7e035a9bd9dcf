//! What each message changes, and what is to be done then. No input, no output, no clock.

mod keyboard;
mod overlay;

use windlass_core::admin::protocol::{Act, Ask};

use crate::effect::{Effect, Watch};
use crate::message::{Link, Message, Refusal};
use crate::screen::Screen;
use crate::state::panel::{Step, Want};
use crate::state::trial::TrialReply;
use crate::state::{Overlay, State, confirm::Confirm};
use crate::theme::Tone;

/// The service's state is asked for so often, in milliseconds, whatever screen is shown.
const STATUS_MS: i64 = 1000;

/// Takes in a message.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Key(key) => keyboard::key(state, key, &mut effects),
        Message::Paste(text) => keyboard::paste(state, &text),
        Message::Scroll(lines) => keyboard::scroll(state, isize::from(lines)),
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            state.dirty = true;
        }
        Message::Tick(now) => tick(state, now),
        Message::Link(link) => linked(state, link),
        Message::Answered(ask, answer) => {
            let changed = state.data.answered(&ask, answer, state.now);
            state.panels.of_mut(state.screen).answered(&ask, &state.data);
            state.dirty |= changed && !state.frozen;
            if state.overlay.is_none() && state.typing.is_none() {
                let steps = state.panels.of_mut(state.screen).resume(&state.data);
                if !steps.is_empty() {
                    // What was said while it was waited for.
                    state.line = None;
                    carry_out(state, steps, &mut effects);
                }
            }
        }
        Message::Acted(act, result) => acted(state, &act, result),
        Message::Traffic(exchanges) => {
            state.panels.traffic.came(exchanges);
            state.dirty |= !state.frozen;
        }
        Message::Logs(lines) => {
            state.panels.logs.came(lines);
            state.dirty |= !state.frozen;
        }
        Message::Lost(count) => {
            state.panels.of_mut(state.screen).lost(count);
            state.dirty |= !state.frozen;
        }
        Message::Tried(reply) => tried(state, reply),
    }
    // What was before is asked for after the stream is followed, so that nothing is missed in between.
    follow(state, &mut effects);
    ask_what_is_due(state, &mut effects);
    effects
}

/// When the state wants to be told the time again: Unix time in milliseconds.
#[must_use]
pub fn next_tick(state: &State) -> Option<i64> {
    let mut soonest = wants(state)
        .iter()
        .filter_map(|want| state.data.due(&want.ask, want.every))
        .min();
    let mut also = |at: i64| soonest = Some(soonest.map_or(at, |other| other.min(at)));
    if let Some(until) = state.armed_until {
        // The minutes that are left are shown.
        also(
            (until - (until - state.now - 1) / 60_000 * 60_000)
                .min(until)
                .max(state.now),
        );
    }
    if let Link::Lost { .. } = state.link {
        // So is the age of the last values.
        also(state.now + 1000);
    }
    // Never a busy loop, whatever is due.
    soonest.map(|at| at.max(state.now.saturating_add(50)))
}

fn wants(state: &State) -> Vec<Want> {
    let mut wants = vec![Want {
        ask: Ask::Status,
        every: STATUS_MS,
    }];
    if !state.frozen {
        wants.extend(state.panel().wants());
    }
    wants
}

fn ask_what_is_due(state: &mut State, effects: &mut Vec<Effect>) {
    if matches!(state.link, Link::Connecting | Link::Incompatible { .. }) || state.over {
        return;
    }
    for want in wants(state) {
        if state.data.due(&want.ask, want.every).is_some_and(|at| at <= state.now) {
            state.data.asked(&want.ask, state.now);
            effects.push(Effect::Ask(want.ask));
        }
    }
}

/// Follows the stream of the screen that is shown, and no other.
fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let wanted: Option<Watch> = match state.link {
        Link::Live => state.panel().watch(),
        _ => None,
    };
    if state.watching != wanted {
        state.watching = wanted;
        if wanted == Some(Watch::Logs) {
            // What was logged while nobody looked on.
            state.data.expire_one(&Ask::Logs);
        }
        effects.push(Effect::Watch(wanted));
    }
}

fn tick(state: &mut State, now: i64) {
    let before = state.now;
    state.now = now;
    if let Some(until) = state.armed_until {
        if now >= until {
            state.armed_until = None;
            state.say(Tone::Notice, "five minutes are over: read-only again");
        } else if (until - now) / 60_000 != (until - before) / 60_000 {
            state.dirty = true;
        }
    }
    if let Link::Lost { .. } = state.link {
        state.dirty |= now / 1000 != before / 1000;
    }
}

fn linked(state: &mut State, link: Link) {
    if state.link == link {
        return;
    }
    if matches!(link, Link::Live | Link::Offline { .. }) {
        // Whatever was out will not be answered any more, and what is known may be old.
        state.data.expire();
        state.watching = None;
    }
    for screen in Screen::ALL {
        state.panels.of_mut(*screen).linked(&link);
    }
    state.link = link;
    state.dirty = true;
}

fn acted(state: &mut State, act: &Act, result: Result<windlass_core::admin::protocol::Done, Refusal>) {
    match result {
        Ok(done) => {
            let text = match done.details.as_slice() {
                [] => done.message,
                details => format!("{}: {}", done.message, details.join("; ")),
            };
            state.say(if done.warning { Tone::Warning } else { Tone::Good }, text);
        }
        Err(refusal) => {
            let mut text = match refusal.code.as_str() {
                "migration_failed" => format!("failed: {}", refusal.message),
                _ => format!("refused: {}", refusal.message),
            };
            if let Some(hint) = &refusal.hint {
                text.push_str(&format!(" — {hint}"));
            }
            text.push_str(&format!(" — the same as `{}`", act.command()));
            state.say(Tone::Bad, text);
        }
    }
    // What it changed is asked for at once.
    state.data.refresh();
}

fn tried(state: &mut State, reply: TrialReply) {
    // The form that is open now may be another one than the one that was sent.
    if let Some(Overlay::Form(form)) = &mut state.overlay
        && form.sent.as_ref() == Some(&reply.trial)
    {
        form.sent = None;
        form.scroll = 0;
        form.reply = Some(reply);
        state.dirty = true;
    }
}

/// Does what a screen asks for.
fn carry_out(state: &mut State, steps: Vec<Step>, effects: &mut Vec<Effect>) {
    state.dirty = true;
    for step in steps {
        match step {
            Step::Effect(effect) => effects.push(effect),
            Step::Ask(ask) => {
                if !state.data.is_pending(&ask) {
                    state.data.asked(&ask, state.now);
                    effects.push(Effect::Ask(ask));
                }
            }
            Step::Confirm(act, sql) => state.overlay = Some(Overlay::Confirm(Confirm::new(act, sql))),
            Step::ConfirmTyped(act, sql, name) => {
                let mut confirm = Confirm::new(act, sql);
                confirm.name = Some(name);
                state.overlay = Some(Overlay::Confirm(confirm));
            }
            Step::Form(form) => state.overlay = Some(Overlay::Form(form)),
            Step::Copy(text) => {
                state.say(Tone::Good, format!("copied: {}", first_line(&text)));
                effects.push(Effect::Copy(text));
            }
            Step::Show(screen) => keyboard::show(state, screen),
            Step::Say(tone, text) => state.say(tone, text),
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 60 {
        line.chars().take(59).chain(['…']).collect()
    } else {
        line.to_owned()
    }
}
