//! Finds free places for labels beside points.

/// Size of a line of text on a phone, and how far a label keeps from its point.
const HEIGHT: f64 = 19.0;
const DISTANCE: f64 = 9.0;
/// Half of a point, half of a line, and the pieces of a line that are looked at.
const HALF_POINT: f64 = 6.0;
const HALF_LINE: f64 = 1.5;
const STRETCHES: u32 = 24;
/// Cost of lying on a point or a label, next to lying a little further away.
const OVERLAP: f64 = 10.0;

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Area(f64, f64, f64, f64);

impl Area {
    /// Area that two rectangles share.
    fn shared(self, other: Self) -> f64 {
        let width = self.2.min(other.2) - self.0.max(other.0);
        let height = self.3.min(other.3) - self.1.max(other.1);
        width.max(0.0) * height.max(0.0)
    }
}

/// The labels placed so far, and the points that they must not hide.
#[derive(Debug)]
pub(super) struct LabelLayout {
    inside: Area,
    taken: Vec<Area>,
}

impl LabelLayout {
    /// An empty region from a corner to the opposite one.
    pub(super) const fn within(top_left: (f64, f64), bottom_right: (f64, f64)) -> Self {
        Self {
            inside: Area(top_left.0, top_left.1, bottom_right.0, bottom_right.1),
            taken: Vec::new(),
        }
    }

    /// Points that no label should hide, and the line through them.
    pub(super) fn avoid(&mut self, line: &[(f64, f64)]) {
        let around = |(x, y): (f64, f64), half: f64| Area(x - half, y - half, x + half, y + half);
        for (from, to) in line.iter().zip(line.iter().skip(1)) {
            self.taken.extend((1..STRETCHES).map(|stretch| {
                let share = f64::from(stretch) / f64::from(STRETCHES);
                let between = |a: f64, b: f64| a + (b - a) * share;
                around((between(from.0, to.0), between(from.1, to.1)), HALF_LINE)
            }));
        }
        let points = line.iter().map(|point| around(*point, HALF_POINT));
        self.taken.extend(points);
    }

    /// Middle of the base line of a label of a width beside a point: above, below, right or left of
    /// it, further away where that is taken, always inside the region.
    pub(super) fn beside(&mut self, (x, y): (f64, f64), width: f64) -> (f64, f64) {
        let (half, aside) = (width / 2.0, width / 2.0 + DISTANCE);
        let near = DISTANCE + HEIGHT / 2.0;
        let offsets = [
            (0.0, -near),
            (aside, 0.0),
            (-aside, 0.0),
            (aside, -near),
            (-aside, -near),
            (0.0, near),
            (aside, near),
            (-aside, near),
            (0.0, -near - HEIGHT),
            (0.0, near + HEIGHT),
            (aside, -near - HEIGHT),
            (-aside, -near - HEIGHT),
            (aside, near + HEIGHT),
            (-aside, near + HEIGHT),
            (0.0, -near - 2.0 * HEIGHT),
            (0.0, near + 2.0 * HEIGHT),
        ];
        let mut best: Option<(f64, Area)> = None;
        for (rank, (dx, dy)) in (0_u32..).zip(offsets) {
            let area = self.moved_inside(Area(
                x + dx - half,
                y + dy - HEIGHT / 2.0,
                x + dx + half,
                y + dy + HEIGHT / 2.0,
            ));
            let overlap: f64 = self.taken.iter().map(|it| it.shared(area)).sum();
            let cost = overlap * OVERLAP + f64::from(rank);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, area));
            }
        }
        let area = best.map_or(Area(x, y, x, y), |(_, area)| area);
        self.taken.push(area);
        (f64::midpoint(area.0, area.2), area.3 - 5.0)
    }

    fn moved_inside(&self, area: Area) -> Area {
        let inside = self.inside;
        let dx = (inside.0 - area.0).max(0.0) - (area.2 - inside.2).max(0.0);
        let dy = (inside.1 - area.1).max(0.0) - (area.3 - inside.3).max(0.0);
        Area(area.0 + dx, area.1 + dy, area.2 + dx, area.3 + dy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_point_do_not_overlap() {
        let mut places = LabelLayout::within((0.0, 0.0), (400.0, 300.0));
        places.avoid(&[(200.0, 150.0)]);
        for _ in 0..6 {
            places.beside((200.0, 150.0), 40.0);
        }
        let taken = &places.taken;
        for (index, one) in taken.iter().enumerate() {
            for other in taken.iter().skip(index + 1) {
                assert!(one.shared(*other) < 1e-9, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_label_gives_way_to_a_rising_line() {
        let mut places = LabelLayout::within((0.0, 0.0), (400.0, 300.0));
        places.avoid(&[(100.0, 200.0), (200.0, 150.0), (230.0, 20.0)]);
        assert_eq!(places.beside((200.0, 150.0), 40.0), (229.0, 154.5));
    }

    #[test]
    fn a_label_stays_inside() {
        let mut places = LabelLayout::within((0.0, 0.0), (400.0, 300.0));
        assert_eq!(places.beside((0.0, 0.0), 40.0), (20.0, 14.0));
    }
}
