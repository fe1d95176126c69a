"""Well-known NSE equities: ticker, Dhan security id, tick size in paise, rough price in rupees, name."""

from typing import Final, NamedTuple


class Equity(NamedTuple):
    """One listed company, as the simulator needs to know it."""

    symbol: str
    security_id: int
    tick_size: float
    """Rupees."""
    price: float
    """Rupees; where its synthetic price wanders about."""
    name: str


_TABLE: Final = """
RELIANCE 2885 10 1480 Reliance Industries
HDFCBANK 1333 5 1000 HDFC Bank
TCS 11536 10 3100 Tata Consultancy Services
INFY 1594 10 1550 Infosys
ICICIBANK 4963 10 1380 ICICI Bank
BHARTIARTL 10604 10 2100 Bharti Airtel
SBIN 3045 5 970 State Bank of India
ITC 1660 5 405 ITC
LT 11483 10 4050 Larsen & Toubro
HINDUNILVR 1394 10 2400 Hindustan Unilever
KOTAKBANK 1922 5 2120 Kotak Bank
AXISBANK 5900 10 1270 Axis Bank
BAJFINANCE 317 5 1020 Bajaj Finance
M&M 2031 10 3700 Mahindra & Mahindra
MARUTI 10999 100 16200 Maruti Suzuki
SUNPHARMA 3351 10 1790 Sun Pharmaceutical
HCLTECH 7229 10 1620 HCL Technologies
NTPC 11630 5 325 NTPC
TITAN 3506 10 3900 Titan
ULTRACEMCO 11532 100 11700 UltraTech Cement
ONGC 2475 5 245 Oil & Natural Gas Corporation
ADANIPORTS 15083 10 1510 Adani Ports & SEZ
ADANIENT 25 10 2300 Adani Enterprises
POWERGRID 14977 5 272 Power Grid Corporation of India
BEL 383 5 410 Bharat Electronics
TATASTEEL 3499 1 172 Tata Steel
JSWSTEEL 11723 10 1150 JSW Steel
COALINDIA 20374 5 385 Coal India
ASIANPAINT 236 10 2850 Asian Paints
BAJAJFINSV 16675 10 2080 Bajaj Finserv
BAJAJ-AUTO 16669 100 9050 Bajaj Auto
NESTLEIND 17963 10 1260 Nestle
WIPRO 3787 1 260 Wipro
TECHM 13538 10 1550 Tech Mahindra
GRASIM 1232 10 2750 Grasim Industries
HINDALCO 1363 10 820 Hindalco Industries
CIPLA 694 10 1520 Cipla
DRREDDY 881 10 1270 Dr Reddys Laboratories
EICHERMOT 910 50 7150 Eicher Motors
HEROMOTOCO 1348 10 6100 Hero Motocorp
APOLLOHOSP 157 50 7300 Apollo Hospitals
INDUSINDBK 5258 5 850 Indusind Bank
SBILIFE 21808 10 2000 SBI Life Insurance
HDFCLIFE 467 5 765 HDFC Life Insurance
SHRIRAMFIN 4306 5 850 Shriram Finance
TRENT 1964 10 4250 Trent
TATACONSUM 3432 10 1170 Tata Consumer Products
JIOFIN 18143 1 305 Jio Financial Services
ETERNAL 5097 5 300 Eternal
MAXHEALTH 22377 5 1100 Max Healthcare Institute
INDIGO 11195 10 5850 Interglobe Aviation
BPCL 526 5 360 Bharat Petroleum
BRITANNIA 547 50 5850 Britannia Industries
DIVISLAB 10940 50 6450 Divis Laboratories
TATAPOWER 3426 5 385 Tata Power
GAIL 4717 1 172 GAIL
IOC 1624 1 162 Indian Oil Corporation
DLF 14732 5 710 DLF
SIEMENS 3150 10 3250 Siemens
HAL 2303 10 4550 Hindustan Aeronautics
VEDL 3063 5 520 Vedanta
PIDILITIND 2664 10 1480 Pidilite Industries
GODREJCP 10099 10 1140 Godrej Consumer Products
DABUR 772 5 515 Dabur India
AMBUJACEM 1270 5 555 Ambuja Cements
SHREECEM 3103 500 26500 Shree Cement
BANKBARODA 4668 5 290 Bank of Baroda
PNB 10666 1 122 Punjab National Bank
CANBK 10794 1 148 Canara Bank
UNIONBANK 10753 1 152 Union Bank of India
INDIANB 14309 5 860 Indian Bank
BOSCHLTD 2181 500 36500 Bosch
HAVELLS 9819 10 1430 Havells
ICICIGI 21770 10 1980 ICICI Lombard General Insurance
ICICIPRULI 18652 5 620 ICICI Prudential Life Insurance
NAUKRI 13751 5 1350 Info Edge
ZYDUSLIFE 7929 10 930 Zydus Life Science
TORNTPHARM 3518 10 3750 Torrent Pharmaceuticals
LUPIN 10440 10 2080 Lupin
AUROPHARMA 275 10 1220 Aurobindo Pharma
ALKEM 11703 50 5700 Alkem Laboratories
MANKIND 15380 10 2250 Mankind Pharma
BIOCON 11373 5 400 Biocon
MUTHOOTFIN 23650 10 3750 Muthoot Finance
CHOLAFIN 19257 5 1720 CIFCL-7.5%-30092026-NCD
PFC 14299 5 365 Power Finance Corporation
RECLTD 15355 5 360 REC
IRCTC 13611 5 700 IRCTC
IRFC 2029 1 118 IRFC
RVNL 9552 1 320 Rail Vikas Nigam
NHPC 17400 1 78 NHPC
SJVN 18883 1 77 SJVN
BHEL 438 5 285 Bharat Heavy Electricals
CUMMINSIND 1901 50 4450 Cummins
ABB 13 50 5250 ABB
POLYCAB 9590 50 7450 Polycab
VOLTAS 3718 10 1360 Voltas
DIXON 21690 100 13500 Dixon Technologies
PERSISTENT 18365 50 6300 Persistent Systems
COFORGE 11543 10 1850 Coforge
MPHASIS 4503 10 2900 Mphasis
OFSS 10738 50 8200 Oracle Financial Services Software
KPITTECH 9683 5 1230 KPIT Technologies
TATAELXSI 3411 10 5200 Tata Elxsi
LTTS 18564 10 4500 L&T Technology Services
TVSMOTOR 8479 10 3600 TVS Motors
ASHOKLEY 212 1 162 Ashok Leyland
BALKRISIND 335 10 2350 Balkrishna Industries
MRF 2277 500 152000 MRF
APOLLOTYRE 163 5 510 Apollo Tyres
EXIDEIND 676 5 375 Exide Industries
BHARATFORG 422 10 1420 Bharat Forge
MOTHERSON 25510 5 118 SMIL-6.5%-20092027-NCD
TIINDIA 312 10 2800 Tube Investment
SONACOMS 4684 5 500 Sona BLW Precision Forgings
UPL 11287 5 760 UPL
PIIND 24184 10 3350 PI Industries
SRF 3273 10 2950 SRF
COROMANDEL 739 10 2300 Coromandel International
DEEPAKNTR 19943 10 1650 Deepak Nitrite
TATACHEM 3405 5 780 Tata Chemicals
NMDC 15332 1 76 NMDC
SAIL 2963 1 130 Steel Authority of India
JINDALSTEL 6733 10 1020 Jindal Steel
HINDZINC 1424 5 520 Hindustan Zinc
NATIONALUM 6364 5 270 NALCO
ADANIPOWER 17388 1 145 Adani Power
ADANIGREEN 3563 10 1050 Adani Green Energy
ADANIENSOL 10217 10 1000 Adani Energy Solutions
JSWENERGY 17869 5 480 JSW Energy
TORNTPOWER 13786 10 1300 Torrent Power
IDFCFIRSTB 11184 1 82 IDFC First Bank
FEDERALBNK 1023 5 258 Federal Bank
BANDHANBNK 2263 1 150 Bandhan Bank
AUBANK 21238 5 970 AU Small Finance Bank
YESBANK 11915 1 22 Yes Bank
RBLBANK 18391 5 310 RBL Bank
HDFCAMC 4244 10 2650 HDFC AMC
BSE 19585 10 2750 BSE
MCX 31181 10 10200 MCX
CDSL 21174 10 1560 CDSL
CAMS 342 5 3900 CAMS
ANGELONE 324 5 2650 Angel One
PAYTM 6705 10 1320 One 97 Communications
NYKAA 6545 5 260 Nykaa
POLICYBZR 6656 10 1850 PB FinTech
DELHIVERY 9599 5 410 Delhivery
SWIGGY 27066 5 400 Swiggy
DMART 19913 10 3900 Avenue Supermarts DMart
JUBLFOOD 18096 5 590 Jubilant FoodWorks
UNITDSPR 10447 10 1430 United Spirits
UBL 16713 10 1700 United Breweries
VBL 18921 5 480 Varun Beverages
MARICO 4067 5 740 Marico
COLPAL 15141 10 2150 Colgate Palmolive
PAGEIND 14413 500 38000 Page Industries
ASTRAL 14418 10 1450 Astral
SUPREMEIND 3363 10 3400 Supreme Industries
CONCOR 4749 5 520 Container Corporation of India
GMRAIRPORT 13528 1 105 GMR Airports
INDHOTEL 1512 5 740 Indian Hotels Company
LODHA 3220 5 1150 Lodha Developers
GODREJPROP 17875 10 2050 Godrej Properties
OBEROIRLTY 20242 10 1680 Oberoi Realty
PHOENIXLTD 14552 10 1720 Phoenix Mills
PRESTIGE 20302 10 1650 Prestige Estates Projects
PETRONET 11351 5 275 Petronet LNG
IGL 11262 1 205 Indraprastha Gas
MGL 17534 10 1200 Mahanagar Gas
OIL 17438 5 420 Oil India
HINDPETRO 1406 5 455 Hindustan Petroleum
IDEA 14366 1 11 Vodafone Idea
INDUSTOWER 29135 5 405 Indus Towers
TATACOMM 3721 10 1850 Tata Communications
ZEEL 3812 1 98 Zee Entertainment
SUNTV 13404 5 560 Sun TV Network
PVRINOX 13147 5 1080 PVR Inox
"""


def _parse(line: str) -> Equity:
    symbol, security_id, paise, price, name = line.split(maxsplit=4)
    return Equity(symbol, int(security_id), int(paise) / 100, float(price), name)


EQUITIES: Final = tuple(_parse(line) for line in _TABLE.strip().splitlines())
