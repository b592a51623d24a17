//! Where things are: a pure function of the size, so that view and mouse agree.

use ratatui::layout::{Constraint, Layout, Margin, Rect, Size};

use super::panels;

/// Below this nothing can be read.
pub const SMALLEST: Size = Size::new(20, 5);

/// Home's parts. A part that there is no room for has no area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub header: Rect,
    pub queue: Rect,
    /// One for each panel, or none.
    pub tiles: Vec<Rect>,
    pub status: Rect,
}

/// ```text
/// 120×40                      80×24                40×10
/// header                      header               ┌queue────┐
/// ┌queue───────────────────┐  ┌queue────────────┐  │         │
/// │                        │  │                 │  │         │
/// └────────────────────────┘  │                 │  └─────────┘
/// ┌1─────┐┌2──────┐┌3──────┐  └─────────────────┘  status
/// │      ││       ││       │  ┌1─┐┌2─┐┌3─┐┌4─┐┌5┐
/// └──────┘└───────┘└───────┘  └──┘└──┘└──┘└──┘└─┘
/// ┌4───────────┐┌5─────────┐  status
/// │            ││          │
/// └────────────┘└──────────┘
/// status
/// ```
pub fn home(size: Size) -> Home {
    let count = panels::ALL.len();
    let (header, body, status) = bands(size);
    if size.width < 60 || size.height < 14 {
        return Home { header, queue: body, tiles: Vec::new(), status };
    }
    if size.width < 100 || size.height < 30 {
        let [queue, counts] = Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(body);
        return Home { header, queue, tiles: beside(counts, count), status };
    }
    let [queue, upper, lower] =
        Layout::vertical([Constraint::Fill(2), Constraint::Fill(1), Constraint::Fill(1)]).areas(body);
    let mut tiles = beside(upper, count.div_ceil(2));
    tiles.extend(beside(lower, count / 2));
    Home { header, queue, tiles, status }
}

/// A panel full screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panel {
    pub header: Rect,
    pub list: Rect,
    pub detail: Rect,
    pub status: Rect,
}

/// The list on the left and the detail on the right; below it when narrow; only what has the focus when there is not
/// room for both.
pub fn panel(size: Size, detail_in_focus: bool) -> Panel {
    let (header, body, status) = bands(size);
    let [list, detail] = if size.width >= 100 {
        Layout::horizontal([Constraint::Fill(9), Constraint::Fill(11)]).areas(body)
    } else if size.height >= 18 {
        Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(body)
    } else if detail_in_focus {
        [Rect::ZERO, body]
    } else {
        [body, Rect::ZERO]
    };
    Panel { header, list, detail, status }
}

/// Header, what is between, and the status line. A small screen has no header.
fn bands(size: Size) -> (Rect, Rect, Rect) {
    let header = u16::from(size.width >= 60 && size.height >= 14);
    let [header, body, status] =
        Layout::vertical([Constraint::Length(header), Constraint::Fill(1), Constraint::Length(1)]).areas(Rect::new(
            0,
            0,
            size.width,
            size.height,
        ));
    (header, body, status)
}

fn beside(area: Rect, count: usize) -> Vec<Rect> {
    Layout::horizontal(vec![Constraint::Fill(1); count]).split(area).to_vec()
}

/// What is inside a frame.
pub fn inside(frame: Rect) -> Rect {
    frame.inner(Margin::new(1, 1))
}

/// Where an overlay lies.
pub fn overlay(size: Size) -> Rect {
    let area = Rect::new(0, 0, size.width, size.height.saturating_sub(1));
    let margin =
        if size.width >= 80 && size.height >= 20 { Margin::new(size.width / 12, 2) } else { Margin::new(0, 0) };
    area.inner(margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_screen_and_never_overlap() {
        for width in (0..200).step_by(7) {
            for height in 0..60 {
                let size = Size::new(width, height);
                let home = home(size);
                let mut parts = home.tiles.clone();
                parts.extend([home.header, home.queue, home.status]);
                let panel = panel(size, height % 2 == 0);
                for parts in [parts, vec![panel.header, panel.list, panel.detail, panel.status]] {
                    let covered: u32 = parts.iter().map(|part| part.area()).sum();
                    assert_eq!(covered, u32::from(width) * u32::from(height), "{size}");
                    for (at, one) in parts.iter().enumerate() {
                        assert!(parts[..at].iter().all(|other| !one.intersects(*other)), "{size}");
                    }
                }
            }
        }
    }
}
