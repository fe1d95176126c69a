DROP TABLE audit_log, jobs, secrets, completeness, checkpoints, candle_revisions, price_history_daily,
    price_history_intraday, provider_instrument_mapping, exchange_provider_mapping, instruments, providers, sectors,
    exchanges;
