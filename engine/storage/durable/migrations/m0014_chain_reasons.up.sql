-- Why a figure of a kept chain is NULL, by its column; NULL in rows from before this.

ALTER TABLE option_chain_snapshots ADD COLUMN reasons jsonb;
