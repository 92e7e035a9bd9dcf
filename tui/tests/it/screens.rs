//! Every screen in every world at every size, as snapshots; and what must hold whatever is pressed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use windlass_tui::message::Message;
use windlass_tui::screen::Screen;
use windlass_tui::theme::Theme;
use windlass_tui::{keys, views};

use crate::fixture::{Console, World, logs, traffic};

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_and_no_size_break_it(
        keys in proptest::collection::vec((any_key(), 0_u16..200, 0_u16..70), 1..60),
        world in proptest::sample::select(vec![World::Loaded, World::Empty, World::DatabaseDown]),
    ) {
        let mut console = console(world, Screen::Health, (80, 24));
        for (key, columns, rows) in keys {
            console.tell(Message::Key(key));
            if key.code == KeyCode::Tab {
                console.tell(Message::Resize(columns, rows));
            }
            console.shot(&Theme::default());
        }
    }
}
