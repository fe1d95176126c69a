ALTER TABLE option_chain_snapshots DROP COLUMN reasons;
