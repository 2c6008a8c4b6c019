//! The drawing: a few shapes and words, in classes that the embedded style colours for light, dark
//! and print.

use std::fmt::Write as _;

use crate::report::{numbers, sanitise};

/// Width of every drawing, in its own units. Text is 13 units high, so 15.6 px where the drawing is
/// 720 px wide, and grows to 17 units on a phone: layouts leave room for that.
pub(super) const WIDTH: f64 = 600.0;

/// Colours that colour-blind readers can distinguish, and as many dash patterns and shapes.
///
/// Source: Okabe and Ito, Color Universal Design; here darker or lighter where 3:1 against the page
/// needs it.
pub(super) const COLOURS: usize = 6;

const STYLE: &str = include_str!("chart.css");

/// Elements, drawn in the order they are added.
#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// The text starts there.
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

impl Anchor {
    const fn class(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " middle",
            Self::End => " end",
        }
    }
}

/// How one of several series looks: no two of the first 36 share colour and dashes, no two of the
/// first 12 colour, shape and filling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    colour: usize,
    dash: usize,
    hollow: bool,
}

impl Look {
    /// The look of the series at a place, from 0.
    pub(super) const fn of(index: usize) -> Self {
        Self {
            colour: index % COLOURS,
            dash: (index + index / COLOURS) % COLOURS,
            hollow: (index / COLOURS) % 2 == 1,
        }
    }

    /// Class of the colour.
    pub(super) fn colour(self) -> String {
        format!("c{}", self.colour)
    }

    /// Classes of a line.
    pub(super) fn curve(self) -> String {
        format!("curve c{} d{}", self.colour, self.dash)
    }

    /// Classes of a line whose dashes mean something else.
    pub(super) fn curve_with_dash(self, dash: usize) -> String {
        format!("curve c{} d{}", self.colour, dash % COLOURS)
    }

    /// Classes of a point.
    pub(super) fn mark(self) -> String {
        let kind = if self.hollow { "hollow" } else { "mark" };
        format!("{kind} c{}", self.colour)
    }

    /// Shape of a point.
    pub(super) const fn shape(self) -> Shape {
        match self.colour {
            0 => Shape::Circle,
            1 => Shape::Square,
            2 => Shape::Triangle,
            3 => Shape::Diamond,
            4 => Shape::Wedge,
            _ => Shape::Cross,
        }
    }
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that stands on its side.
    Triangle,
    /// A square that stands on its corner.
    Diamond,
    /// A triangle that stands on its corner.
    Wedge,
    /// A plus sign.
    Cross,
}

impl Shape {
    /// The path of the shape around a point.
    pub(super) fn path(self, (x, y): (f64, f64)) -> String {
        let outline = match self {
            Self::Circle => "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
            Self::Square => "m-4-4h8v8h-8z",
            Self::Triangle => "m0-5.5l5.5 9.5h-11z",
            Self::Diamond => "m0-6l6 6l-6 6l-6-6z",
            Self::Wedge => "m0 5.5l5.5-9.5h-11z",
            Self::Cross => "m-2-5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
        };
        format!("M{} {}{outline}", number(x), number(y))
    }
}

impl Svg {
    /// A path.
    pub(super) fn path(&mut self, class: &str, data: &str) {
        if !data.is_empty() {
            let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{data}\"/>");
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.path(class, &polyline([from, to]));
    }

    /// A filled rectangle: left, top, width, height.
    pub(super) fn rectangle(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
    ) {
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            number(x),
            number(y),
            number(width),
            number(height)
        );
    }

    /// Words, on their base line.
    pub(super) fn text(&mut self, class: &str, anchor: Anchor, (x, y): (f64, f64), words: &str) {
        let class = format!("{class}{}", anchor.class());
        let class = match class.trim() {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        let _ = writeln!(
            self.body,
            "<text{class} x=\"{}\" y=\"{}\">{}</text>",
            number(x),
            number(y),
            escaped(words)
        );
    }

    /// The document. `title` names the chart, `description` gives its key numbers to those who do
    /// not see it.
    pub(super) fn document(self, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sg\" role=\"img\" width=\"100%\" \
             viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<desc>{}</desc>\n<style>\n{STYLE}</style>\n\
             <rect class=\"back\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            escaped(title),
            escaped(description),
            self.body,
            width = number(WIDTH),
            height = number(height),
        )
    }
}

/// A line through points.
pub(super) fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut data = String::new();
    for (x, y) in points {
        let command = if data.is_empty() { 'M' } else { 'L' };
        let _ = write!(data, "{command}{} {}", number(x), number(y));
    }
    data
}

/// A coordinate with at most one decimal.
pub(super) fn number(coordinate: f64) -> String {
    numbers::rounded(coordinate, 1)
}

/// Words as XML: one line, markup as entities, without the two characters that XML has no way to
/// write.
fn escaped(words: &str) -> String {
    let is_xml = |c: &char| !matches!(c, '\u{fffe}' | '\u{ffff}');
    sanitise::html(&words.chars().filter(is_xml).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        let printed = [1.0, 0.25, -0.04, 599.96, 12.34].map(number);
        assert_eq!(printed, ["1", "0.2", "0", "600", "12.3"]);
    }

    #[test]
    fn words_cannot_become_markup() {
        let mut svg = Svg::default();
        svg.text("", Anchor::Start, (1.0, 2.0), "</text><script>\u{ffff}&");
        assert_eq!(
            svg.body,
            "<text x=\"1\" y=\"2\">&#60;&#47;text&#62;&#60;script&#62;&#38;</text>\n"
        );
    }

    #[test]
    fn twelve_series_look_different() {
        let looks: Vec<Look> = (0..12).map(Look::of).collect();
        for (index, look) in looks.iter().enumerate() {
            for other in looks.iter().skip(index + 1) {
                assert_ne!(look.curve(), other.curve());
                assert_ne!((look.mark(), look.shape()), (other.mark(), other.shape()));
            }
        }
    }

    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value =
                f64::from(u8::from_str_radix(colour.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    }

    #[test]
    fn every_colour_stands_out_from_the_page_as_wcag_asks_of_graphics() {
        let (light, dark) = STYLE.split_once("@media screen").unwrap();
        for (style, page) in [(light, "ffffff"), (dark, "0d1117")] {
            for index in 0..COLOURS {
                let (_, rest) = style.split_once(&format!("--c{index}:#")).unwrap();
                let (one, other) = (luminance(rest) + 0.05, luminance(page) + 0.05);
                let contrast = one.max(other) / one.min(other);
                assert!(contrast >= 3.0, "colour {index} on {page}: {contrast:.2}");
            }
        }
    }
}
