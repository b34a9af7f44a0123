#!/usr/bin/env bash
# Fetches mongo-java-server 1.47.0 and compiles what starts it, where that has not been done yet (Maven, JDK 17).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[[ "$here/target/Main.class" -nt "$here/Main.java" && "$here/target/Main.class" -nt "$here/pom.xml" ]] && exit
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$here/target/lib"
javac -cp "$here/target/lib/*" -d "$here/target" "$here/Main.java"
