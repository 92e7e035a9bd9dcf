//! Paints the state: pure functions of state and theme, one file per screen.
//!
//! From the top: the service in one line, the screens, the screen itself, and a line that speaks to the operator.

mod confirm;
mod database;
mod form;
mod health;
mod help;
mod logs;
mod migrations;
mod palette;
mod routes;
mod settings;
mod stream;
mod traffic;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use windlass_core::admin::protocol::{Ask, ServiceState};

use crate::keys::Action;
use crate::message::Link;
use crate::screen::Screen;
use crate::state::{Overlay, State};
use crate::theme::{Theme, Tone};
use crate::widgets::text::{age, cut};

pub use help::lines as help_lines;

/// The least that anything can be shown in.
const LEAST: (u16, u16) = (40, 10);

/// Paints everything.
pub fn draw(frame: &mut Frame<'_>, state: &State, theme: &Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("{}x{} at least", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let [head, tabs, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    header(frame, head, state, theme);
    screens(frame, tabs, state, theme);
    match state.screen {
        Screen::Health => health::draw(frame, body, state, theme),
        Screen::Routes => routes::draw(frame, body, state, theme),
        Screen::Migrations => migrations::draw(frame, body, state, theme),
        Screen::Database => database::draw(frame, body, state, theme),
        Screen::Traffic => traffic::draw(frame, body, state, theme),
        Screen::Logs => logs::draw(frame, body, state, theme),
        Screen::Settings => settings::draw(frame, body, state, theme),
    }
    footer(frame, foot, state, theme);
    match &state.overlay {
        None => {}
        Some(Overlay::Help(scroll)) => help::draw(frame, body, state, *scroll, theme),
        Some(Overlay::Palette(palette)) => palette::draw(frame, body, state, palette, theme),
        Some(Overlay::Confirm(asked)) => confirm::draw(frame, body, asked, theme),
        Some(Overlay::Form(form)) => form::draw(frame, body, form, theme),
    }
}

/// The project, the service's state, and what the console may do.
fn header(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let status = state.data.status();
    let title = status.map_or("Windlass", |status| status.title.as_str());
    let (tone, text) = match (&state.link, status) {
        (Link::Connecting, _) => (Tone::Notice, "connecting…".to_owned()),
        (Link::Incompatible { .. }, _) => (Tone::Bad, "another version".to_owned()),
        (Link::Lost { since, .. }, _) => (Tone::Bad, format!("lost {} ago", age(state.now - since))),
        (_, None) => (Tone::Notice, "asking…".to_owned()),
        (_, Some(status)) => match status.service {
            ServiceState::Running if status.database.up => (Tone::Good, "running".to_owned()),
            ServiceState::Running => (Tone::Bad, "database down".to_owned()),
            ServiceState::Stopping => (Tone::Warning, "stopping".to_owned()),
            ServiceState::Down => (Tone::Bad, "service down".to_owned()),
        },
    };
    let mut right = Vec::new();
    if state.frozen {
        right.push(Span::styled(" FROZEN ", theme.style(Tone::Notice)));
    }
    match state.armed_until.filter(|_| state.armed()) {
        Some(until) => {
            let minutes = (until - state.now - 1) / 60_000 + 1;
            right.push(Span::styled(
                format!(" WRITES {minutes} min "),
                theme.style(Tone::Warning).patch(theme.selected()),
            ));
        }
        None => right.push(Span::styled(" read-only ", theme.style(Tone::Dim))),
    }
    let right = Line::from(right).right_aligned();
    let width = usize::from(area.width).saturating_sub(right.width() + 1);
    let state_text = format!("{} {text}", theme.mark(tone));
    let room = width.saturating_sub(state_text.chars().count() + 3);
    let left = Line::from(vec![
        Span::styled(theme.text(&format!(" {}", cut(title, room))), theme.style(Tone::Title)),
        Span::raw("  "),
        Span::styled(theme.text(&state_text), theme.style(tone)),
    ]);
    frame.render_widget(left, area);
    let start = area
        .width
        .saturating_sub(u16::try_from(right.width()).unwrap_or(area.width));
    frame.render_widget(
        right,
        Rect {
            x: area.x + start,
            width: area.width - start,
            ..area
        },
    );
}

/// The digits with their titles; on narrow terminals only the current one has its title.
fn screens(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    let wide: usize = Screen::ALL.iter().map(|screen| screen.title().len() + 4).sum();
    let narrow = wide > usize::from(area.width);
    let mut spans = Vec::new();
    for screen in Screen::ALL {
        let current = *screen == state.screen;
        let text = if narrow && !current {
            format!(" {} ", screen.digit())
        } else {
            format!(" {} {} ", screen.digit(), screen.title())
        };
        let style = if current {
            theme.selected()
        } else {
            theme.style(Tone::Accent)
        };
        spans.push(Span::styled(text, style));
    }
    frame.render_widget(Line::from(spans), area);
}

/// What was said last, the filter that is typed, or the keys that matter here.
fn footer(frame: &mut Frame<'_>, area: Rect, state: &State, theme: &Theme) {
    if let Some(typing) = &state.typing {
        let mut spans = vec![
            Span::styled("/", theme.style(Tone::Accent)),
            Span::raw(theme.text(typing.input.value())),
        ];
        if let Some((at, message)) = &typing.wrong {
            spans.push(Span::styled(
                theme.text(&format!("   {} at {}: {message}", theme.mark(Tone::Warning), at + 1)),
                theme.style(Tone::Warning),
            ));
        }
        frame.render_widget(Line::from(spans), area);
        let column = area.x + 1 + u16::try_from(typing.input.visual_cursor()).unwrap_or(u16::MAX - area.x - 1);
        frame.set_cursor_position((column.min(area.right().saturating_sub(1)), area.y));
        return;
    }
    if let Some(line) = &state.line {
        let text = format!(" {} {}", theme.mark(line.tone), line.text);
        frame.render_widget(
            Span::styled(theme.text(&cut(&text, usize::from(area.width))), theme.style(line.tone)),
            area,
        );
        return;
    }
    if let Some(refusal) = state
        .panel()
        .wants()
        .iter()
        .map(|want| &want.ask)
        .chain([&Ask::Status])
        .find_map(|ask| state.data.refusal(ask))
    {
        let mut text = format!(" {} {}", theme.mark(Tone::Warning), refusal.message);
        if let Some(hint) = &refusal.hint {
            text.push_str(&format!(" — {hint}"));
        }
        frame.render_widget(
            Span::styled(
                theme.text(&cut(&text, usize::from(area.width))),
                theme.style(Tone::Warning),
            ),
            area,
        );
        return;
    }
    let mut spans = Vec::new();
    let mut room = usize::from(area.width);
    // Help comes first, so that it is there however narrow it is; then what only this screen has.
    let common = COMMON.iter().filter_map(|action| {
        crate::keys::BINDINGS
            .iter()
            .find(|binding| binding.screen.is_none() && binding.action == *action)
    });
    let own = crate::keys::bindings(state.screen).filter(|binding| binding.screen.is_some());
    for binding in common.chain(own) {
        let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
        let Some(word) = crate::state::palette::name(binding.action) else {
            continue;
        };
        let width = key.chars().count() + word.chars().count() + 3;
        if width > room {
            break;
        }
        room -= width;
        spans.push(Span::styled(format!(" {key}"), theme.style(Tone::Accent)));
        spans.push(Span::styled(format!(" {word} "), theme.style(Tone::Dim)));
    }
    frame.render_widget(Line::from(spans), area);
}

/// The keys that the last line always names, as far as there is room.
const COMMON: &[Action] = &[Action::Help, Action::Filter, Action::Palette, Action::Arm, Action::Quit];

/// Clears a rectangle of this size in the middle of `area`, and gives it.
fn popup(frame: &mut Frame<'_>, area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    let area = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, area);
    area
}
