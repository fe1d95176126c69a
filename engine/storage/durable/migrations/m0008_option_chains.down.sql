DROP TABLE option_chain_snapshots;
