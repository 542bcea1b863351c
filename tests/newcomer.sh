#!/usr/bin/env bash
# What newcomers do: install the built wheel and nothing else into a new
# environment, and do in an empty folder what the README says, to the letter.
# UV names the uv to use; what is made lies in a folder that is removed.
set -euo pipefail

ROOT="$(cd "$(dirname "$0")/.." && pwd)"
UV="$(cd "$ROOT" && realpath "$(command -v "${UV:-uv}")")"
BASE="$ROOT/.venv/bin/python"
PLACE="$(mktemp -d)"
trap 'rm -rf "$PLACE"' EXIT

say() { printf -- '--- %s (%d s)\n' "$1" "$SECONDS"; }
fail() { printf 'newcomer: %s\n' "$1" >&2; exit 1; }

say "a wheel, and an environment with it alone"
"$UV" build --quiet --wheel --python "$BASE" --out-dir "$PLACE/dist" "$ROOT"
"$UV" venv --quiet --python "$BASE" "$PLACE/venv"
"$UV" pip install --quiet --python "$PLACE/venv/bin/python" --constraint "$ROOT/requirements.txt" "$PLACE"/dist/*.whl
say "installed: $(du -sm "$PLACE/venv" | cut -f1) MB, no TensorFlow"
export PATH="$PLACE/venv/bin:$PATH"
unset ACN_DIR VIRTUAL_ENV PYTHONPATH TF_CPP_MIN_LOG_LEVEL
python -c 'import importlib.util as u; assert not u.find_spec("tensorflow") and not u.find_spec("keras")'
mkdir "$PLACE/work"
cd "$PLACE/work"

say "pipelines and configs from any folder"
python -c 'import lsst.acn as a; assert "unknown" not in a.__version__, a.__version__; print("lsst.acn", a.__version__)'
for pipeline in resource://lsst.acn/resources/pipelines/acn.yaml eups://acn/pipelines/acn.yaml '$ACN_DIR/pipelines/acn.yaml'; do
    shown="$(pipetask build -p "$pipeline" -C 'restoreCoadd:$ACN_DIR/config/paper.py' \
        --show config=restoreCoadd::restoration.method 2>/dev/null)" || fail "$pipeline is not found"
    case "$shown" in *"method='paper'"*) ;; *) fail "config/paper.py has no effect" ;; esac
done

say "the README, to the letter"
python "$ROOT/tests/stand_ins/readme_session.py" "$ROOT" > said.txt 2>&1 || { cat said.txt; fail "the README does not work"; }
cat said.txt
# In a session of Python that does not import this package, the Butler misses pandas.
strange="$(grep -v '^Unable to import type pandas' said.txt | grep -E '[Tt]ensor[Ff]low|eups, so|cuInit|pandas|Traceback|[A-Za-z]Warning: ' || true)"
[ -z "$strange" ] || fail "something was said that is not ours: $strange"
if [ "$(grep -c 'Nothing states the unit' said.txt)" -gt 1 ]; then fail "a unit is missed more than once"; fi
for made in REPO/butler.yaml report/index.html restored.fits coadd.fits; do
    [ -e "$made" ] || fail "$made was not made"
done
say "done"
