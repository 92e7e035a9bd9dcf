//! Keys on a screen, and the filter that is typed below it.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{carry_out, overlay};
use crate::effect::Effect;
use crate::keys::{self, Action};
use crate::state::palette::Palette;
use crate::state::{ARMED_MS, Overlay, State, Typing};
use crate::theme::Tone;

pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    // What was said belongs to what came before.
    if state.line.take().is_some() {
        state.dirty = true;
    }
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        quit(state, effects);
    } else if state.typing.is_some() {
        typed(state, key);
    } else if state.overlay.is_some() {
        overlay::key(state, key, effects);
    } else if let Some(binding) = keys::binding(state.screen, &key) {
        if binding.writes && !state.armed() {
            state.say(Tone::Notice, "read-only: W allows writes for five minutes");
        } else {
            act(state, binding.action, effects);
        }
    }
}

/// Does what a key or a command asks for.
pub(super) fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let page = page(state);
    let panel = state.panels.of_mut(state.screen);
    panel.sized(state.size);
    let own = panel.act(action, &state.data, page);
    if let Some(steps) = own {
        carry_out(state, steps, effects);
        return;
    }
    state.dirty = true;
    match action {
        Action::Show(screen) => show(state, screen),
        Action::NextScreen => show(state, state.screen.step(1)),
        Action::PreviousScreen => show(state, state.screen.step(-1)),
        Action::Up => step(state, -1),
        Action::Down => step(state, 1),
        Action::PageUp => step(state, -isize::try_from(page).unwrap_or(1)),
        Action::PageDown => step(state, isize::try_from(page).unwrap_or(1)),
        Action::Top => step(state, isize::MIN),
        Action::Bottom => step(state, isize::MAX),
        Action::Back => {
            peel(state);
        }
        Action::Quit => match peel(state) {
            true => {}
            false => quit(state, effects),
        },
        Action::QuitNow => quit(state, effects),
        Action::Filter => start_filter(state),
        Action::Palette => state.overlay = Some(Overlay::Palette(Palette::default())),
        Action::Help => state.overlay = Some(Overlay::Help(0)),
        Action::Freeze => freeze(state, !state.frozen),
        Action::Sort => {
            let columns = state.panel().columns().len();
            if let Some(list) = state.panels.of_mut(state.screen).list_mut() {
                list.sort_next(columns);
            }
        }
        Action::Reverse => {
            if let Some(list) = state.panels.of_mut(state.screen).list_mut() {
                list.reverse();
            }
        }
        Action::Refresh => {
            state.data.refresh();
            effects.push(Effect::Reconnect);
        }
        Action::Arm => {
            state.armed_until = if state.armed() {
                None
            } else {
                Some(state.now + ARMED_MS)
            };
            let text = match state.armed_until {
                Some(_) => "writes are allowed for five minutes; W forbids them again",
                None => "read-only",
            };
            state.say(Tone::Notice, text);
        }
        // What belongs to a screen that has nothing to do with it now.
        _ => {}
    }
}

pub(super) fn show(state: &mut State, screen: crate::screen::Screen) {
    if state.screen != screen {
        freeze(state, false);
        state.screen = screen;
    }
}

fn freeze(state: &mut State, on: bool) {
    state.frozen = on;
    state.panels.of_mut(state.screen).freeze(on);
}

fn quit(state: &mut State, effects: &mut Vec<Effect>) {
    state.over = true;
    effects.push(Effect::Quit);
}

/// Takes one layer off: the screen's detail, then its filter. False if nothing was left.
fn peel(state: &mut State) -> bool {
    let panel = state.panels.of_mut(state.screen);
    if panel.peel() {
        return true;
    }
    if state.frozen {
        freeze(state, false);
        return true;
    }
    match panel.list_mut() {
        Some(list) if !list.filter.is_empty() => {
            list.filter.clear();
            true
        }
        _ => false,
    }
}

/// Moves in the table of the screen.
pub(super) fn step(state: &mut State, by: isize) {
    let panel = state.panels.of(state.screen);
    let rows = panel.shown(&state.data);
    if let Some(list) = state.panels.of_mut(state.screen).list_mut() {
        list.step(&rows, by);
        state.dirty = true;
    }
}

/// The wheel moves what has the keys.
pub(super) fn scroll(state: &mut State, by: isize) {
    let code = if by < 0 { KeyCode::Up } else { KeyCode::Down };
    for _ in 0..by.unsigned_abs() {
        key(state, KeyEvent::new(code, KeyModifiers::NONE), &mut Vec::new());
    }
}

fn start_filter(state: &mut State) {
    match state.panel().list() {
        Some(list) => {
            let before = list.filter.clone();
            state.typing = Some(Typing {
                input: Input::new(before.clone()),
                before,
                wrong: None,
            });
        }
        None => state.say(Tone::Notice, "nothing to filter here"),
    }
}

/// A key of the filter: it works while it is typed.
fn typed(state: &mut State, key: KeyEvent) {
    state.dirty = true;
    let Some(typing) = &mut state.typing else { return };
    let text = match key.code {
        KeyCode::Esc => {
            let before = typing.before.clone();
            state.typing = None;
            before
        }
        KeyCode::Enter => {
            if let Some((at, message)) = typing.wrong.clone() {
                state.say(Tone::Warning, format!("at {}: {message}", at + 1));
                return;
            }
            let text = typing.input.value().to_owned();
            state.typing = None;
            text
        }
        KeyCode::Up | KeyCode::Down => {
            step(state, if key.code == KeyCode::Up { -1 } else { 1 });
            return;
        }
        _ => {
            typing.input.handle_event(&Event::Key(key));
            typing.input.value().to_owned()
        }
    };
    apply_filter(state, text);
}

fn apply_filter(state: &mut State, text: String) {
    let panel = state.panels.of_mut(state.screen);
    let wrong = panel.check_filter(&text);
    if let Some(list) = panel.list_mut() {
        // What is wrong hides nothing: a half of it may match no row at all.
        list.filter = match (&wrong, &state.typing) {
            (None, _) => text,
            (Some(_), Some(typing)) => typing.before.clone(),
            (Some(_), None) => String::new(),
        };
    }
    if let Some(typing) = &mut state.typing {
        typing.wrong = wrong;
    }
}

pub(super) fn paste(state: &mut State, text: &str) {
    // A pasted line break must not confirm anything.
    let clean = text.chars().filter(|c| !c.is_control());
    if let Some(typing) = &mut state.typing {
        insert(&mut typing.input, clean);
        let text = typing.input.value().to_owned();
        apply_filter(state, text);
    } else if let Some(input) = overlay::input(state) {
        insert(input, clean);
    }
    state.dirty = true;
}

fn insert(input: &mut Input, text: impl Iterator<Item = char>) {
    for c in text.take(4096) {
        input.handle(tui_input::InputRequest::InsertChar(c));
    }
}

/// Lines of a page of the table.
fn page(state: &State) -> usize {
    usize::from(state.size.1.saturating_sub(5)).max(1)
}
