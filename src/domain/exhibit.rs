//! [`Exhibit`]: what a picture is drawn from. Rules take the figures out of the evidence when somebody looks; the console
//! draws them as cells, reports as SVG.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Shown, Verdict};

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    pub title: Shown,
    pub picture: Picture,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Picture {
    /// Lines on one axis of time: snapshots of several sources over three weeks.
    Axis { from: Timestamp, until: Timestamp, lines: Vec<AxisLine> },
    /// Successive values: sizes of snapshots, traffic of a peer.
    Trend { unit: Unit, points: Vec<(Timestamp, u64)> },
    /// A median and a 95th percentile for each month: patch latency.
    Months { months: Vec<Month> },
    /// Things × things: hosts × pending advisories.
    Grid { columns: Vec<Shown>, rows: Vec<GridRow> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisLine {
    pub name: Shown,
    pub marks: Vec<Mark>,
    /// When something was expected, and whether it came.
    pub windows: Vec<Window>,
}

/// Something that happened, with its size where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub at: Timestamp,
    pub size: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
    /// `last night`.
    pub name: Shown,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Bytes,
    Count,
    Seconds,
}

/// A month by its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    pub first: Date,
    pub median_seconds: u64,
    pub p95_seconds: u64,
    /// Of how many values.
    pub count: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridRow {
    pub name: Shown,
    /// One for each column; `None` where the two have nothing to do with each other.
    pub cells: Vec<Option<Verdict>>,
}
