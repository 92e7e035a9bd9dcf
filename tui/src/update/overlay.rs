//! Keys while something lies over the screen: help, a command, a confirmation, a form.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::keyboard;
use crate::effect::Effect;
use crate::keys::{self, Action};
use crate::state::confirm::Confirm;
use crate::state::palette::Palette;
use crate::state::trial::Form;
use crate::state::{Overlay, State};
use crate::theme::Tone;

pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    state.dirty = true;
    let Some(overlay) = state.overlay.take() else { return };
    state.overlay = match overlay {
        Overlay::Help(scroll) => help(key, scroll),
        Overlay::Palette(palette) => command(state, palette, key, effects),
        Overlay::Confirm(confirm) => confirmation(state, confirm, key, effects),
        Overlay::Form(form) => form_key(state, form, key, effects),
    };
}

/// The input that has the keys.
pub(super) fn input(state: &mut State) -> Option<&mut Input> {
    match state.overlay.as_mut()? {
        Overlay::Palette(palette) => Some(&mut palette.input),
        Overlay::Confirm(confirm) if confirm.name.as_ref().is_some() => Some(&mut confirm.typed),
        Overlay::Form(form) => form.input(),
        Overlay::Help(_) | Overlay::Confirm(_) => None,
    }
}

fn help(key: KeyEvent, scroll: usize) -> Option<Overlay> {
    let action = keys::BINDINGS
        .iter()
        .filter(|binding| binding.screen.is_none())
        .find(|binding| binding.keys.iter().any(|bound| bound.matches(&key)))
        .map(|binding| binding.action);
    let scroll = match action {
        Some(Action::Back | Action::Quit | Action::Help) => return None,
        Some(Action::Down) => scroll + 1,
        Some(Action::Up) => scroll.saturating_sub(1),
        Some(Action::PageDown) => scroll + 10,
        Some(Action::PageUp) => scroll.saturating_sub(10),
        Some(Action::Top) => 0,
        _ => scroll,
    };
    // There are never more lines than bindings and headings.
    Some(Overlay::Help(scroll.min(keys::BINDINGS.len() + 4)))
}

fn command(state: &mut State, mut palette: Palette, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Overlay> {
    let matching = palette.matching(state.screen);
    match key.code {
        KeyCode::Esc => return None,
        KeyCode::Up => palette.index = palette.index.saturating_sub(1),
        KeyCode::Down => palette.index = (palette.index + 1).min(matching.len().saturating_sub(1)),
        KeyCode::Tab => {
            if let Some(chosen) = matching.get(palette.index) {
                palette.input = Input::new(chosen.name.to_owned());
                palette.index = 0;
            }
        }
        KeyCode::Enter => {
            let Some(chosen) = matching.get(palette.index) else {
                if let Some((at, message)) = palette.wrong(state.screen) {
                    state.say(Tone::Warning, format!("at {}: {message}", at + 1));
                }
                return Some(Overlay::Palette(palette));
            };
            let action = chosen.action;
            let writes = keys::bindings(state.screen).any(|binding| binding.action == action && binding.writes);
            if writes && !state.armed() {
                state.say(Tone::Notice, "read-only: W allows writes for five minutes");
                return None;
            }
            // What the command opens takes the palette's place.
            keyboard::act(state, action, effects);
            return state.overlay.take();
        }
        _ => {
            palette.input.handle_event(&Event::Key(key));
            palette.index = 0;
        }
    }
    Some(Overlay::Palette(palette))
}

fn confirmation(state: &mut State, mut confirm: Confirm, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Overlay> {
    let must_type = confirm.name.as_ref().is_some();
    match key.code {
        KeyCode::Esc => {
            state.say(Tone::Plain, "cancelled; nothing was done");
            return None;
        }
        KeyCode::Enter => {
            if must_type && !confirm.is_typed() && !confirm.typed.value().is_empty() {
                state.say(Tone::Warning, "that is not the name");
                return Some(Overlay::Confirm(confirm));
            }
            let yes = if must_type { confirm.is_typed() } else { confirm.yes };
            if !yes {
                state.say(Tone::Plain, "cancelled; nothing was done");
                return None;
            }
            if !state.armed() {
                // The five minutes ran out while it was asked.
                state.say(Tone::Notice, "read-only: W allows writes for five minutes");
                return None;
            }
            state.say(Tone::Plain, format!("under way: {}", confirm.act.command()));
            effects.push(Effect::Act(confirm.act));
            return None;
        }
        KeyCode::PageDown => confirm.scroll = (confirm.scroll + 5).min(confirm.sql.len().saturating_sub(1)),
        KeyCode::PageUp => confirm.scroll = confirm.scroll.saturating_sub(5),
        _ if must_type => {
            confirm.typed.handle_event(&Event::Key(key));
        }
        KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Char('h' | 'l') => {
            confirm.yes = !confirm.yes;
        }
        KeyCode::Char('q' | 'n') => {
            state.say(Tone::Plain, "cancelled; nothing was done");
            return None;
        }
        KeyCode::Char('j') | KeyCode::Down => {
            confirm.scroll = (confirm.scroll + 1).min(confirm.sql.len().saturating_sub(1));
        }
        KeyCode::Char('k') | KeyCode::Up => confirm.scroll = confirm.scroll.saturating_sub(1),
        _ => {}
    }
    Some(Overlay::Confirm(confirm))
}

fn form_key(state: &mut State, mut form: Box<Form>, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Overlay> {
    match key.code {
        KeyCode::Esc => return None,
        KeyCode::Tab | KeyCode::Down => form.next(),
        KeyCode::BackTab | KeyCode::Up => form.previous(),
        KeyCode::PageDown => form.scroll_reply(true, state.size),
        KeyCode::PageUp => form.scroll_reply(false, state.size),
        KeyCode::Char('y') if key.modifiers.contains(KeyModifiers::CONTROL) => match form.trial() {
            Ok(trial) => {
                state.say(Tone::Good, "copied as curl");
                effects.push(Effect::Copy(trial.curl()));
            }
            Err(message) => state.say(Tone::Warning, message),
        },
        // `W` is a letter here.
        KeyCode::Char('w') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            keyboard::act(state, Action::Arm, effects);
        }
        KeyCode::Enter if form.sent.is_some() => {}
        KeyCode::Enter => {
            let changes = form.detail.line.method != "GET";
            match form.trial() {
                _ if changes && !state.armed() => {
                    state.say(
                        Tone::Notice,
                        "read-only: Ctrl-w allows writes for five minutes, then Enter sends it",
                    );
                }
                Ok(trial) => {
                    form.sent = Some(trial.clone());
                    effects.push(Effect::Try(trial));
                }
                Err(message) => state.say(Tone::Warning, message),
            }
        }
        _ => {
            if let Some(input) = form.input() {
                input.handle_event(&Event::Key(key));
            }
        }
    }
    Some(Overlay::Form(form))
}
