DROP TABLE tick_days_noted;
DROP TABLE tick_instruments;
