#!/usr/bin/env bash
# Lints what is in this folder with the tools that are here; says which are not. `make lint-deploy` installs those of
# PyPI. promtool is in Debian's package `prometheus`, dclint comes by npm.
set -uo pipefail
cd "$(dirname "$0")"
failed=0

lint() {  # lint TOOL ARGUMENTS...
    if ! command -v "$1" > /dev/null; then
        echo "-- $1 is not here: left out"
    elif "$@"; then
        echo "ok $1 ${*: -1}"
    else
        echo "!! $*"
        failed=1
    fi
}

lint yamllint --strict --config-file yamllint.yaml .
lint hadolint Dockerfile
lint kubernetes-validate --strict kubernetes/{namespace,serviceaccount,configmap,secret,bundle-claim,deployment,service,disruption-budget,autoscaler,network-policy}.yaml
lint dclint --max-warnings 0 compose.yaml
lint promtool check rules prometheus/alerts.yaml
lint promtool check config --syntax-only prometheus/prometheus.yaml
lint promtool test rules prometheus/alerts_test.yaml
if command -v promtool > /dev/null; then
    expressions=$(mktemp)
    python3 expressions.py grafana/sightline.json > "$expressions"
    lint promtool check rules "$expressions"
    rm "$expressions"
fi
exit $failed
