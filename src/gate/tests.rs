//! Whole judgements: runs against histories.

use super::*;
