DROP TABLE tick_instruments;
