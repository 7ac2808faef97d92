# Beijing PM2.5: five years of hourly air quality and weather (Liang et al. 2015; UCI, CC BY 4.0). The
# object is a copy of UCI's table: 2010492 bytes, CRLF line ends, none after the last of 43824 rows.
# UCI's own file may differ in such bytes, so there is no source to fetch this hash from: it is found
# in an object store, or UCI's file is given by --data-dir and checked row by row.
mapnet_dataset(beijing-pm25
  FORMAT pm25
  SHAPE 24 1 1                                                        # steps, features a step, 1
  CLASSES pm2.5                                                       # what is forecast
  COUNTS 35059 8765                                                   # hours: the last fifth is tested
  FILES pollution.csv
  OBTAIN "Download https://archive.ics.uci.edu/ml/machine-learning-databases/00381/PRSA_data_2010.1.1-2014.12.31.csv \
(2 MB) into a folder and name it with --data-dir. The file may also be called pollution.csv.")
