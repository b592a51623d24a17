//! Slots: whether the snapshots that exist stand where they should.
