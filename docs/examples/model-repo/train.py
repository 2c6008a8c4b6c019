"""Trains a small churn model and writes what SageMaker unpacks into /opt/ml/model: `train.py --out FOLDER`."""

import argparse
import pathlib

import joblib
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier


def train(trees):
    rows, labels = make_classification(n_samples=400, n_features=5, n_informative=4, n_redundant=0, random_state=7)
    return RandomForestClassifier(n_estimators=trees, random_state=7).fit(rows, labels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("model"), help="folder of the model")
    parser.add_argument("--trees", type=int, default=20, help="more trees are slower: try 400 and see the gate fail")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    joblib.dump(train(arguments.trees), arguments.out / "model.joblib")
    print(f"{arguments.out / 'model.joblib'}: {arguments.trees} trees")
