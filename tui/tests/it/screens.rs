//! Every screen in every world at every size, as snapshots; and what must hold whatever is pressed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use windlass_core::admin::protocol::Act;
use windlass_tui::message::{Link, Message, Refusal};
use windlass_tui::screen::Screen;
use windlass_tui::theme::Theme;
use windlass_tui::update::next_tick;
use windlass_tui::{keys, views};

use crate::fixture::{Console, NOW, World, logs, traffic};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 15)];

pub fn console(world: World, screen: Screen, size: (u16, u16)) -> Console {
    let mut console = Console::new(world, size);
    console.keys(&screen.digit().to_string());
    console.tell(Message::Traffic(traffic::exchanges(world)));
    console.tell(Message::Logs(logs::recent(world)));
    if world == World::ServiceDown {
        console.lose();
    }
    console
}

#[test]
fn every_screen_in_every_world_at_every_size() {
    for screen in Screen::ALL {
        for (name, world) in [
            ("loaded", World::Loaded),
            ("empty", World::Empty),
            ("service_down", World::ServiceDown),
            ("database_down", World::DatabaseDown),
        ] {
            let shots: Vec<String> = SIZES
                .iter()
                .map(|size| {
                    let shot = console(world, *screen, *size).shot(&Theme::default());
                    format!("{}x{}\n{shot}", size.0, size.1)
                })
                .collect();
            let name = format!("{}_{name}", screen.title().to_lowercase());
            insta::assert_snapshot!(name, shots.join("\n"));
        }
        let plain = Theme {
            colour: false,
            light: false,
            ascii: true,
        };
        let shots: Vec<String> = SIZES
            .iter()
            .map(|size| {
                let console = console(World::Loaded, *screen, *size);
                let shot = console.shot(&plain);
                assert!(shot.is_ascii(), "{shot}");
                format!("{}x{}\n{shot}", size.0, size.1)
            })
            .collect();
        let name = format!("{}_no_colour", screen.title().to_lowercase());
        insta::assert_snapshot!(name, shots.join("\n"));
    }
}

#[test]
fn without_colours_no_cell_has_one() {
    let plain = Theme {
        colour: false,
        ..Theme::default()
    };
    for screen in Screen::ALL {
        let console = console(World::Loaded, *screen, (120, 40));
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal
            .draw(|frame| views::draw(frame, &console.state, &plain))
            .unwrap();
        for cell in terminal.backend().buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{screen:?}: {cell:?}");
        }
    }
}

#[test]
fn every_key_stands_in_the_help_and_means_one_thing() {
    for screen in Screen::ALL {
        let help = views::help_lines(*screen);
        let bindings: Vec<_> = keys::bindings(*screen).collect();
        for binding in &bindings {
            let names = keys::names(binding);
            assert!(
                help.iter()
                    .any(|(keys, text)| keys.as_ref() == Some(&names) && text.starts_with(binding.help)),
                "{names} on {screen:?}"
            );
        }
        let mut all: Vec<String> = bindings
            .iter()
            .flat_map(|binding| binding.keys.iter().map(ToString::to_string))
            .collect();
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "a key means two things on {screen:?}");
    }
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let bound: Vec<KeyEvent> = keys::BINDINGS
        .iter()
        .flat_map(|binding| binding.keys)
        .map(|key| {
            let modifiers = if key.control {
                KeyModifiers::CONTROL
            } else {
                KeyModifiers::NONE
            };
            KeyEvent::new(key.code, modifiers)
        })
        .filter(|key| *key != KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
        .collect();
    prop_oneof![
        8 => proptest::sample::select(bound),
        2 => any::<char>().prop_map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
        1 => proptest::sample::select(vec![KeyCode::Backspace, KeyCode::Delete, KeyCode::F(5), KeyCode::Insert])
            .prop_map(|code| KeyEvent::new(code, KeyModifiers::NONE)),
    ]
}

/// What may happen between two keys.
fn any_event() -> impl Strategy<Value = Message> {
    prop_oneof![
        12 => any_key().prop_map(Message::Key),
        2 => (0_u16..200, 0_u16..70).prop_map(|(columns, rows)| Message::Resize(columns, rows)),
        1 => (0_i64..400_000).prop_map(|after| Message::Tick(NOW + after)),
        1 => Just(Message::Link(Link::Lost { since: NOW, reason: "gone".to_owned() })),
        1 => Just(Message::Link(Link::Offline { reason: "nobody answers".to_owned() })),
        1 => Just(Message::Link(Link::Live)),
        1 => Just(Message::Traffic(traffic::exchanges(World::Loaded))),
        1 => Just(Message::Logs(logs::recent(World::Loaded))),
        1 => Just(Message::Lost(7)),
        1 => "[ -~\\n\u{1b}äß…]{0,12}".prop_map(Message::Paste),
        1 => (-5_i16..5).prop_map(Message::Scroll),
        1 => Just(Message::Acted(Act::Reload, Err(Refusal {
            code: "act_refused".to_owned(),
            message: "no".to_owned(),
            details: None,
            hint: None,
        }))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_and_no_size_break_it(
        events in proptest::collection::vec(any_event(), 1..60),
        world in proptest::sample::select(vec![World::Loaded, World::Empty, World::ServiceDown, World::DatabaseDown]),
    ) {
        let mut console = console(world, Screen::Health, (80, 24));
        for event in events {
            console.tell(event);
            console.shot(&Theme::default());
        }
    }
}

#[test]
fn nothing_is_painted_when_nothing_changes() {
    for screen in Screen::ALL {
        let mut console = console(World::Loaded, *screen, (80, 24));
        console.state.dirty = false;
        // Every question is asked and answered anew, with the same words.
        for second in 1..20 {
            console.tell(Message::Tick(NOW + second * 1000));
            assert!(!console.state.dirty, "{screen:?} after {second} s");
        }
        assert!(
            next_tick(&console.state).is_some_and(|at| at > console.state.now),
            "{screen:?}"
        );
    }
}

#[test]
fn a_light_background_gets_colours_that_can_be_read_on_it() {
    let light = Theme {
        light: true,
        ..Theme::default()
    };
    for screen in Screen::ALL {
        let console = console(World::Loaded, *screen, (120, 40));
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal
            .draw(|frame| views::draw(frame, &console.state, &light))
            .unwrap();
        for cell in terminal.backend().buffer().content() {
            let bright = [
                Color::Yellow,
                Color::LightCyan,
                Color::LightYellow,
                Color::White,
                Color::Cyan,
            ];
            assert!(!bright.contains(&cell.fg), "{screen:?}: {cell:?}");
        }
    }
}
