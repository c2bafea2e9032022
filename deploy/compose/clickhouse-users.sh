#!/bin/sh
# Run by ClickHouse's container once, when its volume is new: the user of Grafana, with the password of the environment.
set -eu
case $GRAFANA_CLICKHOUSE_PASSWORD in
  '' | *[!A-Za-z0-9._-]*)
    echo 'clickhouse-users: GRAFANA_CLICKHOUSE_PASSWORD may have letters, digits and . _ - only (openssl rand -hex 24)' >&2
    exit 1
    ;;
esac
sed "s/change-this-password/$GRAFANA_CLICKHOUSE_PASSWORD/" /opt/tocsin/grafana-user.sql |
  clickhouse-client --host 127.0.0.1 --user "$CLICKHOUSE_USER" --password "$CLICKHOUSE_PASSWORD" --multiquery
